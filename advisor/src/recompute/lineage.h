// Values: what a tensor holds from one write of it to the next. A tensor may hold several in an iteration;
// what can be dropped and made again is a value.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "octrain/advisor/recompute.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

using ValueId = std::uint32_t;

constexpr OpIndex kNoOp = std::numeric_limits<OpIndex>::max();

struct Value {
  TensorId tensor = 0;
  OpIndex writer = kNoOp;      ///< kNoOp: there when the iteration begins
  OpIndex last_early = 0;      ///< the last op that reads it before the backward pass does; else its writer
  OpIndex first_late = kNoOp;  ///< the first op of another phase than forward that reads it
  OpIndex last_read = 0;       ///< of any phase; else its writer
  [[nodiscard]] bool read_late() const { return first_late != kNoOp; }
};

struct Lineage {
  explicit Lineage(const Schedule& schedule);

  const Schedule& schedule;
  std::vector<Value> values;                ///< in the order of their writes; those without a writer last
  std::vector<ValueId> first_value;         ///< [op] of its writes, in their order, and one past the last
  std::vector<std::vector<ValueId>> reads;  ///< [op][i]: the value that its i-th read finds
  std::vector<OpIndex> last_rerun;          ///< last_reruns(schedule)

  [[nodiscard]] std::uint64_t bytes(ValueId value) const {
    return schedule.tensors[values[value].tensor].bytes;
  }
};

/// [value]: the forward pass made it, and can make it again for the backward pass. Values that this reads
/// count only if their tensor may be dropped; those that are dead by then are made again on the way to
/// others.
[[nodiscard]] std::vector<bool> values_to_drop(const Lineage& lineage, const TensorSet& may_drop);

}  // namespace octrain::advisor
