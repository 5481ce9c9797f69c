// A policy makes a plan from a schedule, a machine and a budget. One file each in src/policies/, found
// through one table.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"
#include "octrain/advisor/simulate.h"

namespace octrain::advisor {

/// A parameter of a policy, or a switch of one of its techniques (0 or 1), that the user may set by name.
struct PolicyOption {
  std::string_view name;
  double value = 0;  ///< when nobody sets it
  double least = 0, most = 0;
  std::string_view summary;  ///< one line
};

/// Pure: same request, same answer, on any machine. Policies keep no state.
struct PlanRequest {
  const Schedule& schedule;
  const Machine& machine;
  std::uint64_t budget_bytes;
  std::map<std::string, double, std::less<>> options{};  ///< by PolicyOption::name, within its range
  [[nodiscard]] double value(const PolicyOption& option) const {
    const auto set = options.find(option.name);
    return set == options.end() ? option.value : set->second;
  }
};

/// Infeasible is a value: `shortfall_bytes` more would have been needed (plan is then empty).
struct PlanResult {
  Plan plan;
  std::uint64_t shortfall_bytes = 0;
  std::string policy;  ///< who made it; `auto` names the candidate it took
  [[nodiscard]] bool feasible() const { return shortfall_bytes == 0; }
};

struct Policy {
  std::string_view name;
  std::string_view summary;  ///< one line, with the source
  PlanResult (*make_plan)(const PlanRequest&);
  std::span<const PolicyOption> options{};
  Paging paging = Paging::planned;  ///< what it stands for, and so what predict() goes by
};

/// Every named policy, `auto` excluded, in the order they are shown.
[[nodiscard]] std::span<const Policy> policies();
/// By name, `auto` included; nullptr when there is none.
[[nodiscard]] const Policy* find_policy(std::string_view name);

/// What a run of this policy costs, of whose making `result` is (feasible). A policy that stands for demand
/// paging is judged as the driver does it, without hints; its plan is what the executor would carry out
/// instead, where faults are not to be had.
[[nodiscard]] Simulation predict(const Policy& policy, const PlanResult& result, const PlanRequest& request);

}  // namespace octrain::advisor
