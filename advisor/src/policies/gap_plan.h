// A plan from what is absent when: the common last step of the policies that think in gaps.
#pragma once

#include <vector>

#include "../operands.h"
#include "gaps.h"
#include "hoist.h"
#include "octrain/advisor/plan.h"

namespace octrain::advisor {

/// By op: the operands whose contents nobody needs after it.
using DeadByOp = std::vector<std::vector<TensorId>>;
[[nodiscard]] DeadByOp dead_after_ops(const std::vector<std::vector<Operand>>& operands,
                                      const Liveness& liveness);

/// What leaves does so right after the use before its absence; the dead are discarded; what stays across
/// iterations is prefetched before op 0, in the order of need.
[[nodiscard]] Plan gap_plan(const GapTable& table, const std::vector<Arrival>& arrivals,
                            const DeadByOp& dead);

}  // namespace octrain::advisor
