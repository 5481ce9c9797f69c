#include "octrain/advisor/policy.h"

#include <utility>
#include <vector>

#include "policies/policies.h"

namespace octrain::advisor {
namespace {

const std::vector<Policy>& table() {
  static const std::vector<Policy> policies = {
      lookahead_policy(),   g10_policy(),      deepum_policy(),       capuchin_policy(), autoswap_policy(),
      flashneuron_policy(), tflms_policy(),    superneurons_policy(), vdnn_dyn_policy(), vdnn_conv_policy(),
      vdnn_all_policy(),    oc_caffe_policy(), lru_policy(),          naive_policy(),
  };
  return policies;
}

/// Simulates every candidate and takes the fastest; ties go to fewer bytes, then to the table's order.
PlanResult plan_auto(const PlanRequest& request) {
  PlanResult best;
  std::pair<std::uint64_t, std::uint64_t> best_cost;
  for (const Policy& policy : table()) {
    PlanResult result = policy.make_plan(request);
    if (!result.feasible()) return result;  // what the largest op lacks, no policy can give
    const Simulation run = simulate(request.schedule, result.plan, request.machine, request.budget_bytes);
    const std::pair cost(run.total_ns, run.in_bytes + run.out_bytes);
    if (best.policy.empty() || cost < best_cost) {
      best = std::move(result);
      best_cost = cost;
    }
  }
  return best;
}

constexpr Policy kAuto{"auto", "simulates every policy and takes the fastest", plan_auto};

}  // namespace

std::span<const Policy> policies() { return table(); }

const Policy* find_policy(std::string_view name) {
  if (name == kAuto.name) return &kAuto;
  for (const Policy& policy : table()) {
    if (policy.name == name) return &policy;
  }
  return nullptr;
}

Simulation predict(const Policy& policy, const PlanResult& result, const PlanRequest& request) {
  if (policy.paging == Paging::on_demand)
    return simulate_on_demand(request.schedule, {}, request.machine, request.budget_bytes);
  return simulate(request.schedule, result.plan, request.machine, request.budget_bytes);
}

}  // namespace octrain::advisor
