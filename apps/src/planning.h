// Plans for a run: made by a policy, proved by the checker, predicted by the simulator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/machine.h"
#include "octrain/advisor/packing.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/schedule.h"
#include "octrain/advisor/simulate.h"
#include "policy_options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace octrain::apps {

/// How to plan, as the command line says it.
struct PlanChoice {
  std::string policy = "auto";
  std::optional<std::string>
      recompute;  ///< not given: the search decides, and a named policy recomputes nothing
  PolicyOptions options;
  std::optional<std::string>
      share{};  ///< not given: auto, and a named policy (or what moves without a plan) shares nothing
  double search_seconds = 5;
  /// But for who shares bytes, which any mode may ask for.
  [[nodiscard]] bool by_default() const { return policy == "auto" && !recompute && options.empty(); }
  [[nodiscard]] std::string share_method() const {
    return share.value_or(policy == "auto" ? "auto" : "none");
  }
  [[nodiscard]] std::string recompute_method() const {
    return recompute.value_or(policy == "auto" ? "auto" : "none");
  }
};

/// --policy, --policy-option, --recompute, --share and --plan-seconds; `policies_help` says what --policy
/// takes.
void add_plan_options(CLI::App& command, PlanChoice& choice, const std::string& policies_help);

/// Throws UsageError, telling what there is, if the names or options of the choice do not exist. `all`
/// passes.
void check_plan_choice(const PlanChoice& choice);

/// Throws UsageError listing the policies when there is none of that name.
[[nodiscard]] const advisor::Policy& policy_named(const std::string& name);

/// Throws OutOfDeviceMemory with the shortfall when the policy finds no plan, InvalidPlan naming the defects
/// when the checker refuses the one it made.
[[nodiscard]] advisor::Advice make_proved_plan(const PlanChoice& choice, const advisor::Schedule& schedule,
                                               const advisor::Machine& machine, std::uint64_t budget_bytes);

/// The same as a value: an infeasible one is returned, not thrown.
[[nodiscard]] advisor::Advice proved_advice(const PlanChoice& choice, const advisor::Schedule& schedule,
                                            const advisor::Machine& machine, std::uint64_t budget_bytes);

/// For modes that plan nothing: places by the sharing method of this name, proved for when everything stays
/// on the device until its death, and no other action. Made by nobody ("none").
[[nodiscard]] advisor::Advice resident_plan(const advisor::Schedule& schedule, const std::string& share);

/// The report's defects, first few of them, in one line.
[[nodiscard]] std::string defects_text(const advisor::CheckReport& report);

/// From and to CSV files; errors are BadInput "FILE:LINE: …" or IoError.
[[nodiscard]] advisor::Schedule load_schedule(const std::string& path);
[[nodiscard]] advisor::Plan load_plan(const std::string& path);
[[nodiscard]] advisor::PackingProblem load_packing(const std::string& path);
void save_packing(const std::string& path, const advisor::PackingProblem& problem,
                  const advisor::PackingSolution& solution);
void save_schedule(const std::string& path, const advisor::Schedule& schedule);
void save_plan(const std::string& path, const advisor::Plan& plan);

/// A built-in machine, or one described in FILE.json by the fields of advisor::Machine.
[[nodiscard]] advisor::Machine load_machine(const std::string& name_or_file);

}  // namespace octrain::apps
