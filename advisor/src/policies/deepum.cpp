// DeepUM (Jung et al., ASPLOS'23): what the next ops touch is prefetched, in their order; what they do not
// touch makes room for it beforehand, the least recently migrated first. A victim whose contents are dead is
// invalidated, not written back. Its prediction of the ops to come is right here: the schedule is known.
#include <algorithm>
#include <array>

#include "demand_pager.h"
#include "policies.h"

namespace octrain::advisor {
namespace {

/// The artifact of G10 (MICRO'23) runs it at 8 kernels.
constexpr PolicyOption kWindow{"window", 8, 0, 256, "how many ops ahead are prefetched"};
constexpr PolicyOption kLiveness{"liveness", 1, 0, 1,
                                 "dead victims are discarded; otherwise sent away like the living"};

void iterate(DemandPager& pager, OpIndex window) {
  const OpIndex op_count = pager.op_count();
  for (OpIndex op = 0; op < op_count; ++op) {
    const OpIndex last = std::min(op_count - 1, op + window);
    pager.pin(op, last);
    if (!pager.bring_op_early(op, op)) {
      pager.bring(op);  // a part of the window has to leave
      pager.pin(op, last);
    }
    for (OpIndex next = op + 1; next <= last; ++next) {
      if (!pager.bring_op_early(op, next)) break;
    }
  }
}

PlanResult plan_deepum(const PlanRequest& request) {
  if (auto result = infeasible(request, "deepum")) return *std::move(result);
  using Dead = DemandPager::Dead;
  const Dead dead = request.value(kLiveness) != 0 ? Dead::discarded : Dead::evicted;
  DemandPager pager(request, DemandPager::Recency::migration, DemandPager::Outputs::reserved, dead);
  const auto window = static_cast<OpIndex>(request.value(kWindow));
  PlanResult result;
  result.policy = "deepum";
  result.plan = settled_plan(pager, [&](DemandPager& p) { iterate(p, window); });
  return result;
}

constexpr std::array kOptions = {kWindow, kLiveness};

}  // namespace

Policy deepum_policy() {
  return {"deepum", "prefetch what the next 8 ops touch, pre-evict what they do not (DeepUM, ASPLOS'23)",
          plan_deepum, kOptions};
}

}  // namespace octrain::advisor
