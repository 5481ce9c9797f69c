// octrain plan: what each policy would cost on a machine, without training and without a GPU.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "batches.h"
#include "commands.h"
#include "fit.h"
#include "host_platform.h"
#include "memory_choice.h"
#include "octrain/advisor/bounds.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"
#include "options.h"
#include "output.h"
#include "plan_outcome.h"
#include "planning.h"
#include "policy_options.h"
#include "workload.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;

struct PlanOptions {
  WorkloadOptions workload;
  std::string schedule, machine;
  std::optional<std::uint64_t> device_bytes;
  PlanChoice choice{.policy = "all", .recompute = {}, .options = {}};
  bool list_policies = false, fit = false;
  std::string out, json;
};

struct Comparison {
  advisor::Machine machine;
  std::uint64_t budget_bytes = 0, footprint_bytes = 0;
  advisor::Bounds bounds;
  std::vector<Outcome> outcomes;
  std::optional<std::int64_t> largest_batch;  ///< that fits in core; 0: none does
};

std::uint64_t budget_of(const PlanOptions& options, const advisor::Machine& machine) {
  return options.device_bytes.value_or(machine.device_bytes != 0 ? machine.device_bytes : usable_ram_bytes());
}

Comparison compare(const PlanOptions& options, const advisor::Schedule& schedule,
                   const advisor::Machine& machine) {
  Comparison comparison;
  comparison.machine = machine;
  comparison.budget_bytes = budget_of(options, machine);
  comparison.footprint_bytes = advisor::footprint_bytes(schedule);
  comparison.bounds = advisor::bounds(schedule, comparison.budget_bytes);
  for (const NamedChoice& choice : choices_of(options.choice))
    comparison.outcomes.push_back(outcome_of(choice, schedule, machine, comparison.budget_bytes));
  return comparison;
}

double seconds(std::uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

double of_ideal(const Comparison& comparison, const Outcome& outcome) {
  return outcome.advice.prediction.total_ns == 0
             ? 1.0
             : static_cast<double>(comparison.bounds.ideal_ns) /
                   static_cast<double>(outcome.advice.prediction.total_ns);
}

std::string text_of(const Comparison& comparison) {
  const advisor::Bounds& bounds = comparison.bounds;
  std::string text = fmt::format(
      "machine {}  device memory {}  footprint {} ({:.2f} x)  peak live {}  largest op {}\n"
      "ideal {}  least traffic {} in\n",
      comparison.machine.name, format_bytes(comparison.budget_bytes),
      format_bytes(comparison.footprint_bytes),
      static_cast<double>(comparison.footprint_bytes) / static_cast<double>(comparison.budget_bytes),
      format_bytes(bounds.peak_live_bytes), format_bytes(bounds.largest_op_bytes),
      runtime::format_duration(seconds(bounds.ideal_ns)), format_bytes(bounds.least_traffic_bytes));
  if (comparison.largest_batch)
    text += fmt::format("largest batch that fits in core, nothing shared: {}\n", *comparison.largest_batch);
  Table table(
      {"policy", "seconds", "of ideal", "in", "out", "discarded", "stalled", "recomputed", "peak", "arena"});
  for (const Outcome& outcome : comparison.outcomes) {
    if (!outcome.advice.feasible()) {
      table.add({outcome.policy, "does not fit", "", format_bytes(outcome.advice.shortfall_bytes) + " short",
                 "", "", "", "", "", ""});
      continue;
    }
    const advisor::Simulation& run = outcome.advice.prediction;
    table.add({shown_name(outcome), fmt::format("{:.4g}", seconds(run.total_ns)),
               fmt::format("{:.1f} %", 100 * of_ideal(comparison, outcome)), format_bytes(run.in_bytes),
               format_bytes(run.out_bytes), format_bytes(run.discarded_bytes),
               runtime::format_duration(seconds(run.stall_ns)),
               runtime::format_duration(seconds(run.recompute_ns)), format_bytes(run.peak_bytes),
               format_bytes(outcome.advice.arena_bytes)});
  }
  return text + table.text();
}

nlohmann::ordered_json json_of(const Comparison& comparison) {
  nlohmann::ordered_json json = {
      {"machine", comparison.machine.name},
      {"device_memory_bytes", comparison.budget_bytes},
      {"footprint_bytes", comparison.footprint_bytes},
      {"largest_op_bytes", comparison.bounds.largest_op_bytes},
      {"peak_live_bytes", comparison.bounds.peak_live_bytes},
      {"ideal_seconds", seconds(comparison.bounds.ideal_ns)},
      {"least_traffic_bytes", comparison.bounds.least_traffic_bytes},
      {"policies", nlohmann::ordered_json::array()},
  };
  if (comparison.largest_batch) json["largest_batch_in_core"] = *comparison.largest_batch;
  for (const Outcome& outcome : comparison.outcomes) {
    nlohmann::ordered_json entry = {{"policy", outcome.policy},
                                    {"feasible", outcome.advice.feasible()},
                                    {"shortfall_bytes", outcome.advice.shortfall_bytes}};
    if (outcome.advice.feasible()) {
      const advisor::Simulation& run = outcome.advice.prediction;
      entry.update({{"made_by", made_by(outcome.advice)},
                    {"recompute", outcome.advice.recompute},
                    {"seconds", seconds(run.total_ns)},
                    {"of_ideal", of_ideal(comparison, outcome)},
                    {"in_bytes", run.in_bytes},
                    {"out_bytes", run.out_bytes},
                    {"discarded_bytes", run.discarded_bytes},
                    {"faults", run.faults},
                    {"fault_in_bytes", run.fault_in_bytes},
                    {"driver_evicted_bytes", run.driver_evicted_bytes},
                    {"stall_seconds", seconds(run.stall_ns)},
                    {"recompute_seconds", seconds(run.recompute_ns)},
                    {"peak_bytes", run.peak_bytes},
                    {"arena_bytes", outcome.advice.arena_bytes}});
    }
    json["policies"].push_back(std::move(entry));
  }
  return json;
}

advisor::Schedule schedule_of(const PlanOptions& options, const advisor::Machine& machine) {
  if (!options.schedule.empty()) return load_schedule(options.schedule);
  if (options.workload.model.empty() || options.workload.batch == 0) {
    throw runtime::UsageError("plan needs --model and --batch, or --schedule; or --model and --fit");
  }
  return planning_schedule(options.workload, options.workload.batch, machine);
}

int plan(const PlanOptions& options) {
  if (options.list_policies) {
    write_text("-", policies_text());
    return 0;
  }
  if (options.machine.empty()) throw runtime::UsageError("plan needs --machine");
  const advisor::Machine machine = load_machine(options.machine);
  check_plan_choice(options.choice);
  if (options.fit) {
    fit({options.workload, machine, budget_of(options, machine), options.choice}, options.json);
    return 0;
  }
  const advisor::Schedule schedule = schedule_of(options, machine);
  if (schedule.ops.empty()) throw runtime::BadInput(options.schedule + ": a schedule without ops");
  Comparison comparison = compare(options, schedule, machine);
  if (options.schedule.empty()) {
    Batches batches(options.workload, machine);
    comparison.largest_batch = largest_batch_in_core(batches, comparison.budget_bytes);
  }
  if (options.json != "-") write_text("-", text_of(comparison));
  if (!options.json.empty()) write_json(options.json, json_of(comparison));
  require_ops_fit(schedule, comparison.budget_bytes);
  const advisor::Advice& first = comparison.outcomes.front().advice;
  if (!first.feasible()) {
    throw runtime::OutOfDeviceMemory(fmt::format("policy {} finds no plan: {} short", options.choice.policy,
                                                 format_bytes(first.shortfall_bytes)),
                                     first.shortfall_bytes);
  }
  if (!options.out.empty()) save_plan(options.out, first.plan);
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("plan", "What each policy would cost on a machine; trains nothing");
  const auto options = std::make_shared<PlanOptions>();
  add_workload_options(*command, options->workload, false);
  command->add_option("--schedule", options->schedule, "A schedule instead of a model")
      ->type_name("FILE.csv")
      ->excludes("--model")
      ->excludes("--batch");
  command->add_option("--machine", options->machine, "A built-in machine, or a description of one")
      ->type_name("NAME|FILE.json");
  add_device_memory_option(*command, options->device_bytes, "Budget (default: what the machine has)");
  add_plan_options(*command, options->choice, "all (default), auto, or one by name");
  command->add_flag("--list-policies", options->list_policies, "Every policy and its options; plans nothing");
  command->add_option("--out", options->out, "Write the plan (of all: auto's)")->type_name("PLAN.csv");
  command
      ->add_flag("--fit", options->fit,
                 fmt::format("Instead of costs at a batch, the largest batch that each policy can train: a "
                             "plan within the budget, and a footprint within budget and host memory. Assumes "
                             "that where a batch fits, smaller ones do; ends at {} ops an iteration",
                             kMostFitOps))
      ->excludes("--schedule")
      ->excludes("--batch")
      ->excludes("--out");
  command->add_option("--json", options->json, "Results as JSON; - is stdout")->type_name("FILE|-");
  command->callback([options, &exit_code] { exit_code = plan(*options); });
}

}  // namespace octrain::apps
