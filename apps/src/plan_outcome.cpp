#include "plan_outcome.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "octrain/advisor/recompute.h"

namespace octrain::apps {

std::vector<NamedChoice> choices_of(const PlanChoice& asked) {
  if (asked.policy != "all") return {{asked.policy, asked}};
  std::vector<NamedChoice> choices;
  const auto add = [&](const std::string& name, std::string_view policy,
                       const std::optional<std::string>& recompute) {
    choices.push_back({name, asked});
    choices.back().choice.policy = policy;
    choices.back().choice.recompute = recompute;
  };
  add("auto", "auto", asked.recompute);
  for (const advisor::Policy& policy : advisor::policies())
    add(std::string(policy.name), policy.name, asked.recompute);
  if (asked.recompute) return choices;
  for (const advisor::RecomputeMethod& method : advisor::recompute_methods()) {
    if (method.name == "none") continue;
    add(fmt::format("lookahead+{}", method.name), "lookahead", std::string(method.name));
  }
  return choices;
}

Outcome outcome_of(const NamedChoice& asked, const advisor::Schedule& schedule,
                   const advisor::Machine& machine, std::uint64_t budget_bytes) {
  const PlanChoice& choice = asked.choice;
  Outcome outcome{asked.name, proved_advice(choice, schedule, machine, budget_bytes)};
  if (!outcome.advice.feasible() || choice.policy == "auto" || outcome.advice.recompute != "none")
    return outcome;
  // A policy that leaves everything to faults is judged as the driver would serve them.
  const advisor::PlanResult plan{outcome.advice.plan, 0, outcome.advice.policy};
  outcome.advice.prediction =
      advisor::predict(policy_named(choice.policy), plan, {schedule, machine, budget_bytes, choice.options});
  return outcome;
}

std::string made_by(const advisor::Advice& advice) {
  return advice.recompute == "none" ? advice.policy : advice.policy + "+" + advice.recompute;
}

std::string shown_name(const Outcome& outcome) {
  return outcome.policy == "auto" ? "auto: " + made_by(outcome.advice) : outcome.policy;
}

}  // namespace octrain::apps
