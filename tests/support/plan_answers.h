// What a policy answers, as tests ask for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "octrain/advisor/policy.h"
#include "support/schedule_builder.h"

namespace octrain::testing {

using Options = std::map<std::string, double, std::less<>>;

[[nodiscard]] inline advisor::Plan plan_by(std::string_view policy, const advisor::Schedule& schedule,
                                           std::uint64_t budget_bytes, const Options& options = {},
                                           const advisor::Machine& machine = unit_machine()) {
  return advisor::find_policy(policy)->make_plan({schedule, machine, budget_bytes, options}).plan;
}

[[nodiscard]] inline std::set<advisor::TensorId> evicted(const advisor::Plan& plan) {
  std::set<advisor::TensorId> tensors;
  for (const advisor::Action& action : plan.actions) {
    if (action.kind == advisor::ActionKind::evict) tensors.insert(action.target);
  }
  return tensors;
}

[[nodiscard]] inline std::vector<advisor::Action> prefetches(const advisor::Plan& plan) {
  std::vector<advisor::Action> found;
  for (const advisor::Action& action : plan.actions) {
    if (action.kind == advisor::ActionKind::prefetch) found.push_back(action);
  }
  return found;
}

}  // namespace octrain::testing
