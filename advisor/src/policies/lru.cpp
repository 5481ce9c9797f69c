// Demand paging with liveness: the least recently used leaves, the dead are discarded after their last use.
#include "demand_pager.h"
#include "policies.h"

namespace octrain::advisor {

namespace {

PlanResult plan_lru(const PlanRequest& request) {
  if (auto result = infeasible(request, "lru")) return *std::move(result);
  DemandPager pager(request, DemandPager::Recency::use);
  PlanResult result;
  result.policy = "lru";
  result.plan = settled_plan(pager, [](DemandPager& p) {
    for (OpIndex op = 0; op < p.op_count(); ++op) {
      p.bring(op);
      for (const Operand& operand : p.operands(op)) {
        if (!p.liveness().live_after(operand.tensor, op)) p.discard(op, operand.tensor);
      }
    }
  });
  return result;
}

}  // namespace

Policy lru_policy() {
  return {"lru", "on demand; the least recently used leaves, the dead are discarded", plan_lru};
}

}  // namespace octrain::advisor
