// vDNN_dyn (Rhu et al., MICRO 2016): profiles no offload, vDNN_conv and vDNN_all, in this order, and takes
// the fastest that fits; here they are simulated, and what does not fit pays for what leaves on demand. The
// paper's vDNN_dyn goes on to trade convolution workspace for memory: ours is fixed by the schedule.
#include <initializer_list>
#include <optional>
#include <utility>

#include "octrain/advisor/simulate.h"
#include "policies.h"
#include "vdnn.h"

namespace octrain::advisor {
namespace {

PlanResult plan_vdnn_dyn(const PlanRequest& request) {
  if (auto result = infeasible(request, "vdnn-dyn")) return *std::move(result);
  DirectedPager pager(request);
  PlanResult result;
  result.policy = "vdnn-dyn";
  std::optional<std::uint64_t> best_ns;
  for (const Offload offload : {Offload::none, Offload::convolution_inputs, Offload::all_inputs}) {
    Plan plan = pager.plan(vdnn_direction(request, pager.liveness(), offload));
    const Simulation run = simulate(request.schedule, plan, request.machine, request.budget_bytes);
    if (best_ns && *best_ns <= run.total_ns) continue;
    best_ns = run.total_ns;
    result.plan = std::move(plan);
    if (run.stall_ns == 0) break;
  }
  return result;
}

}  // namespace

Policy vdnn_dyn_policy() {
  return {"vdnn-dyn", "no offload, vdnn-conv or vdnn-all, the fastest in simulation (vDNN, MICRO 2016)",
          plan_vdnn_dyn, kVdnnOptions};
}

}  // namespace octrain::advisor
