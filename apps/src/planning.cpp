#include "planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

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

ProvedPlan make_proved_plan(const std::string& policy, const advisor::Schedule& schedule,
                            const advisor::Machine& machine, std::uint64_t budget_bytes) {
  advisor::PlanResult result = policy_named(policy).make_plan({schedule, machine, budget_bytes});
  if (!result.feasible()) {
    throw runtime::OutOfDeviceMemory(
        fmt::format("policy {} finds no plan within {}: {} short", policy,
                    runtime::format_bytes(budget_bytes), runtime::format_bytes(result.shortfall_bytes)),
        result.shortfall_bytes);
  }
  const advisor::CheckReport report = advisor::check(schedule, result.plan, budget_bytes);
  if (!report.ok()) {
    throw runtime::InvalidPlan(
        fmt::format("the plan of policy {} is not valid: {}", result.policy, defects_text(report)));
  }
  advisor::Simulation prediction = advisor::simulate(schedule, result.plan, machine, budget_bytes);
  return {std::move(result.plan), std::move(result.policy), std::move(prediction)};
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
