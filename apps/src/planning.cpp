#include "planning.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>

#include "octrain/advisor/recompute.h"
#include "octrain/advisor/share.h"
#include "octrain/advisor/text_io.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

/// Reads `path` with `read`; a TextError gets the file's name before its line.
template <class Read>
auto load(const std::string& path, Read read) {
  std::ifstream file(path);
  if (!file)
    throw runtime::BadInput(
        fmt::format("{}: cannot be opened: {}", path, std::system_category().message(errno)));
  try {
    return read(file);
  } catch (const advisor::TextError& error) {
    std::string message = error.what();
    const std::string prefix = fmt::format("line {}: ", error.line());
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    throw runtime::BadInput(fmt::format("{}:{}: {}", path, error.line(), message));
  }
}

template <class Value, class Write>
void save(const std::string& path, const Value& value, Write write) {
  std::ostringstream text;
  write(text, value);
  write_text(path, text.str());
}

}  // namespace

const advisor::Policy& policy_named(const std::string& name) {
  if (const advisor::Policy* policy = advisor::find_policy(name)) return *policy;
  std::string names = "auto";
  for (const advisor::Policy& policy : advisor::policies()) names += fmt::format(", {}", policy.name);
  throw runtime::UsageError(fmt::format("there is no policy '{}'; there are {}", name, names));
}

std::string defects_text(const advisor::CheckReport& report) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, report.verdicts.size()); ++i) {
    text += (i == 0 ? "" : "; ") + report.verdicts[i].message;
  }
  if (report.verdicts.size() > kShown) text += fmt::format("; and {} more", report.verdicts.size() - kShown);
  return text;
}

advisor::Advice proved_advice(const PlanChoice& choice, const advisor::Schedule& schedule,
                              const advisor::Machine& machine, std::uint64_t budget_bytes) {
  advisor::AdviceRequest request{.schedule = schedule, .machine = machine};
  request.budget_bytes = budget_bytes;
  request.policy = choice.policy;
  request.recompute = choice.recompute_method();
  request.share = choice.share_method();
  request.options = choice.options;
  request.search_steps =
      static_cast<std::uint64_t>(choice.search_seconds * advisor::AdviceRequest::kStepsPerSecond);
  advisor::Advice advice = advisor::advise(request);
  if (!advice.feasible()) return advice;
  const advisor::CheckReport report = advisor::check(schedule, advice.plan, budget_bytes);
  if (report.ok()) return advice;
  throw runtime::InvalidPlan(
      fmt::format("the plan of policy {} is not valid: {}", advice.policy, defects_text(report)));
}

advisor::Advice make_proved_plan(const PlanChoice& choice, const advisor::Schedule& schedule,
                                 const advisor::Machine& machine, std::uint64_t budget_bytes) {
  advisor::Advice advice = proved_advice(choice, schedule, machine, budget_bytes);
  if (!advice.feasible()) {
    throw runtime::OutOfDeviceMemory(
        fmt::format("policy {} finds no plan within {}: {} short", choice.policy,
                    runtime::format_bytes(budget_bytes), runtime::format_bytes(advice.shortfall_bytes)),
        advice.shortfall_bytes);
  }
  return advice;
}

advisor::Advice resident_plan(const advisor::Schedule& schedule, const std::string& share) {
  advisor::Machine machine;
  machine.block_bytes = runtime::kBlockBytes;
  advisor::Placements placed = advisor::place_tensors(schedule, advisor::keep_plan(schedule), machine,
                                                      *advisor::find_share_method(share));
  const advisor::CheckReport report =
      advisor::check(schedule, placed.plan, advisor::footprint_bytes(schedule));
  if (!report.ok())
    throw runtime::InvalidPlan(
        fmt::format("the placements of {} are not valid: {}", share, defects_text(report)));
  advisor::Advice advice;
  advice.policy = advice.recompute = "none";
  std::copy_if(placed.plan.actions.begin(), placed.plan.actions.end(),
               std::back_inserter(advice.plan.actions),
               [](const advisor::Action& action) { return action.kind == advisor::ActionKind::place; });
  advice.arena_bytes = placed.arena_bytes;
  return advice;
}

void add_plan_options(CLI::App& command, PlanChoice& choice, const std::string& policies_help) {
  command.add_option("--policy", choice.policy, policies_help);
  add_policy_options(command, choice.options);
  command.add_option(
      "--recompute", choice.recompute,
      "What runs twice instead of being kept: none, auto, or a method by name (default: auto with "
      "--policy auto, else none)");
  command.add_option(
      "--share", choice.share,
      "Who lies on the bytes of what is never alive at the same time: none, auto, or a method by "
      "name (default: auto with --policy auto, else none; with --mode um-naive none)");
  command.add_option("--plan-seconds", choice.search_seconds, "What the search for a plan may take, about")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void check_plan_choice(const PlanChoice& choice) {
  if (choice.policy != "all") (void)policy_named(choice.policy);
  // All: every recompute method is among what is planned.
  const std::string recompute =
      choice.policy == "all" ? choice.recompute.value_or("auto") : choice.recompute_method();
  if (recompute != "auto" && advisor::find_recompute_method(recompute) == nullptr) {
    std::string names = "auto";
    for (const advisor::RecomputeMethod& method : advisor::recompute_methods()) {
      names += fmt::format(", {}", method.name);
    }
    throw runtime::UsageError(
        fmt::format("there is no recompute method '{}'; there are {}", recompute, names));
  }
  if (advisor::find_share_method(choice.share_method()) == nullptr) {
    std::string names;
    for (const advisor::ShareMethod& method : advisor::share_methods())
      names += fmt::format("{}{}", names.empty() ? "" : ", ", method.name);
    throw runtime::UsageError(
        fmt::format("there is no way to share named '{}'; there are {}", choice.share_method(), names));
  }
  check_policy_options(choice.policy, recompute, choice.options);
}

advisor::Schedule load_schedule(const std::string& path) { return load(path, advisor::read_schedule); }
advisor::Plan load_plan(const std::string& path) { return load(path, advisor::read_plan); }

advisor::PackingProblem load_packing(const std::string& path) { return load(path, advisor::read_packing); }

void save_packing(const std::string& path, const advisor::PackingProblem& problem,
                  const advisor::PackingSolution& solution) {
  std::ostringstream text;
  advisor::write_packing(text, problem, solution);
  write_text(path, text.str());
}

void save_schedule(const std::string& path, const advisor::Schedule& schedule) {
  save(path, schedule, advisor::write_schedule);
}

void save_plan(const std::string& path, const advisor::Plan& plan) { save(path, plan, advisor::write_plan); }

}  // namespace octrain::apps
