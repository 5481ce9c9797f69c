// octrain check: the independent checker's verdict on a plan.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"
#include "options.h"
#include "output.h"
#include "planning.h"

namespace octrain::apps {

namespace {

struct CheckOptions {
  std::string schedule, plan;
  std::optional<std::uint64_t> device_bytes;
};

int check(const CheckOptions& options) {
  const advisor::Schedule schedule = load_schedule(options.schedule);
  const advisor::Plan plan = load_plan(options.plan);
  const advisor::CheckReport report = advisor::check(schedule, plan, *options.device_bytes);
  std::string text;
  for (const advisor::Verdict& verdict : report.verdicts) {
    text += fmt::format("{}: {}{}\n", advisor::to_string(verdict.defect), verdict.message,
                        verdict.first_iteration ? "" : " (from the second iteration on)");
  }
  const std::string peak = fmt::format("peak {} of {}", runtime::format_bytes(report.peak_bytes),
                                       runtime::format_bytes(*options.device_bytes));
  if (report.ok()) {
    write_text(
        "-", fmt::format("valid: {} ops, {} actions, {}\n", schedule.ops.size(), plan.actions.size(), peak));
    return 0;
  }
  write_text("-", text);
  throw runtime::BadInput(fmt::format("{}: {} defects, {}", options.plan, report.verdicts.size(), peak));
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("check", "Prove a plan against its schedule and a budget");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("--schedule", options->schedule, "Schedule as CSV")->required()->type_name("FILE.csv");
  command->add_option("--plan", options->plan, "Plan as CSV")->required()->type_name("FILE.csv");
  add_device_memory_option(*command, options->device_bytes, "Budget that the plan must keep")->required();
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace octrain::apps
