// What demand paging does without a hint, written down as a plan: each operand is brought when its op needs
// it, the least recently migrated leaves, and the dead are copied out like the living.
#include "demand_pager.h"
#include "policies.h"

namespace octrain::advisor {

namespace {

PlanResult plan_naive(const PlanRequest& request) {
  if (auto result = infeasible(request, "naive")) return *std::move(result);
  DemandPager pager(request, DemandPager::Recency::migration);
  PlanResult result;
  result.policy = "naive";
  result.plan = settled_plan(pager, [](DemandPager& p) {
    for (OpIndex op = 0; op < p.op_count(); ++op) p.bring(op);
  });
  return result;
}

}  // namespace

Policy naive_policy() {
  Policy policy{"naive", "on demand, as faults do; the least recently migrated leaves, no liveness",
                plan_naive};
  policy.paging = Paging::on_demand;
  return policy;
}

}  // namespace octrain::advisor
