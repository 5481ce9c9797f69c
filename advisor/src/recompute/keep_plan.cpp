#include "../operands.h"
#include "octrain/advisor/liveness.h"
#include "octrain/advisor/recompute.h"

namespace octrain::advisor {

Plan keep_plan(const Schedule& schedule) {
  const Liveness liveness(schedule);
  Plan plan;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const bool used = !liveness.accesses(tensor).empty();
    const bool there = outlives_iteration(schedule.tensors[tensor].role) || liveness.live_in(tensor);
    if (used && there) plan.actions.push_back({ActionKind::prefetch, 0, tensor});
  }
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (const Operand& operand : operands_of(schedule.ops[op])) {
      if (!liveness.live_after(operand.tensor, op))
        plan.actions.push_back({ActionKind::discard, op, operand.tensor});
    }
  }
  return plan;
}

}  // namespace octrain::advisor
