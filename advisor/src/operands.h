// An op's distinct operands, each with how it is accessed.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct Operand {
  TensorId tensor = 0;
  bool reads = false;  ///< false: a pure write
  bool writes = false;
};

/// In order of tensor id.
[[nodiscard]] std::vector<Operand> operands_of(const Op& op);
/// The same for every op of the schedule.
[[nodiscard]] std::vector<std::vector<Operand>> operands_by_op(const Schedule& schedule);

}  // namespace octrain::advisor
