// octrain train: data, network, memory, plan, then iterations.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "memory_choice.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/interrupt.h"
#include "octrain/runtime/trace.h"
#include "octrain/runtime/units.h"
#include "options.h"
#include "output.h"
#include "overflow_watch.h"
#include "planning.h"
#include "platform.h"
#include "progress.h"
#include "recipe.h"
#include "replanner.h"
#include "report.h"
#include "train_log.h"
#include "train_picture.h"
#include "workload.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;

/// Iterations when the user does not say: on synthetic data there is no epoch worth the name.
constexpr std::uint64_t kSyntheticIterations = 10;

bool wants_test(const TrainOptions& options) {
  const bool by_default = options.test_interval > 0 || !options.iterations;
  return options.test.value_or(by_default && (options.data_is_real() || options.test_interval > 0));
}

std::uint64_t iteration_count(const TrainOptions& options, const layers::DataReader& reader) {
  if (options.iterations) return *options.iterations;
  if (!options.epochs && !options.data_is_real()) return kSyntheticIterations;
  const auto images =
      static_cast<std::uint64_t>(reader.size(layers::Split::train)) * options.epochs.value_or(1);
  const auto batch = static_cast<std::uint64_t>(options.workload.batch * options.workload.accumulate);
  return (images + batch - 1) / batch;
}

bool makes_plans(Mode mode) { return mode == Mode::um || mode == Mode::explicit_copy; }

/// Both passes' plans. Modes that plan nothing have such as only place tensors.
struct Plans {
  advisor::Advice train, test;
  [[nodiscard]] std::uint64_t arena_bytes() const { return std::max(train.arena_bytes, test.arena_bytes); }
};

std::string share_method(const MemoryOptions& options) {
  return options.mode == Mode::um_naive ? options.plan.share.value_or("none") : options.plan.share_method();
}

Plans resident_plans(const runtime::Program& program, const MemoryOptions& options, bool with_test) {
  const std::string share = share_method(options);
  Plans plans;
  plans.train = resident_plan(program.train.schedule, share);
  if (with_test) plans.test = resident_plan(program.test.schedule, share);
  return plans;
}

Plans make_plans(const runtime::Program& program, const MemoryOptions& options, const MemoryChoice& choice,
                 const advisor::Machine& machine, bool with_test) {
  Plans plans;
  plans.train = make_proved_plan(options.plan, program.train.schedule, machine, choice.budget_bytes);
  if (with_test) {
    PlanChoice test = options.plan;
    test.recompute = "none";  // nothing is read twice
    plans.test = make_proved_plan(test, program.test.schedule, machine, choice.budget_bytes);
  }
  return plans;
}

std::string plan_text(const advisor::Advice& plan) {
  const advisor::Simulation& prediction = plan.prediction;
  return fmt::format("policy {}, recompute {}: predicted {} an iteration, {} in, {} out, {} discarded",
                     plan.policy, plan.recompute,
                     runtime::format_duration(static_cast<double>(prediction.total_ns) * 1e-9),
                     format_bytes(prediction.in_bytes), format_bytes(prediction.out_bytes),
                     format_bytes(prediction.discarded_bytes));
}

void announce(const TrainOptions& options, const Platform& platform, const MemoryChoice& choice,
              const Plans& plans) {
  spdlog::info(
      "{} batch {}: footprint {}, device memory {}: {}", options.workload.model, options.workload.batch,
      format_bytes(choice.footprint_bytes), format_bytes(choice.budget_bytes),
      choice.everything_resident ? "everything stays resident"
                                 : fmt::format("oversubscribed {:.2f} times", choice.oversubscription()));
  if (choice.arena_bytes < choice.footprint_bytes)
    spdlog::info("tensors share bytes: all lie in {}", format_bytes(choice.arena_bytes));
  spdlog::info("mode {}, tier below: {}", to_string(options.memory.mode), platform.tier_text());
  if (makes_plans(options.memory.mode)) spdlog::info(plan_text(plans.train));
}

RunFacts facts_of(const TrainOptions& options, const Platform& platform, const MemoryChoice& choice,
                  const Plans& plans) {
  RunFacts facts;
  facts.model = options.workload.model;
  facts.mode = to_string(options.memory.mode);
  facts.policy = plans.train.policy;
  facts.recompute = plans.train.recompute;
  facts.share = share_method(options.memory);
  facts.backend = platform.name();
  facts.precision = to_string(options.workload.arithmetic.precision);
  facts.tier = platform.tier_name();
  facts.batch = options.workload.batch;
  facts.seed = options.workload.seed;
  facts.device_memory_bytes = choice.budget_bytes;
  facts.footprint_bytes = choice.footprint_bytes;
  facts.arena_bytes = choice.arena_bytes;
  if (makes_plans(options.memory.mode))
    facts.predicted_seconds = static_cast<double>(plans.train.prediction.total_ns) * 1e-9;
  return facts;
}

std::string snapshot_prefix(const TrainOptions& options) {
  return options.snapshot_prefix.empty() ? "octrain-" + options.workload.model : options.snapshot_prefix;
}

void start_from(runtime::Trainer& trainer, const TrainOptions& options) {
  if (options.resume.empty()) return trainer.initialize();
  std::filesystem::path path = options.resume;
  if (options.resume == "auto") {
    const std::string prefix = snapshot_prefix(options);
    const auto latest = runtime::latest_snapshot(prefix, [](const std::string& why) { spdlog::warn(why); });
    if (!latest) {
      spdlog::info("no snapshot of {} to resume from: starting anew", prefix);
      return trainer.initialize();
    }
    path = *latest;
  }
  trainer.resume(path);
  spdlog::info("resumed from {} at iteration {}", path.string(), trainer.iteration());
}

runtime::LossScaling loss_scaling(const ArithmeticOptions& options) {
  if (options.precision != Precision::fp16) return {};
  return {.follows_gradients = !options.loss_scale, .fixed = options.loss_scale.value_or(1)};
}

runtime::TrainerOptions trainer_options(const TrainOptions& options, const runtime::LearningRate& rate,
                                        std::uint64_t iterations, std::int64_t test_images) {
  runtime::TrainerOptions result;
  result.net = options.workload.model;
  result.seed = options.workload.seed;
  result.rate = rate;
  result.loss_scaling = loss_scaling(options.workload.arithmetic);
  result.iterations = iterations;
  result.test_interval = options.test_interval;
  result.test_images = test_images;
  result.test_batch = options.workload.batch;
  result.snapshot_prefix = options.snapshot_prefix;
  result.snapshot_interval = options.snapshot_interval;
  return result;
}

/// `log` may be null.
runtime::TrainerEvents events_to(TrainReport& report, ProgressReporter& progress, OverflowWatch& overflows,
                                 TrainLog* log) {
  runtime::TrainerEvents events;
  events.iteration = [&, log](const runtime::IterationRecord& record) {
    report.add(record);
    if (log != nullptr) log->iteration(record);
    progress.iteration(record);
    if (const auto warning = overflows.note(record.overflow)) progress.note(*warning);
  };
  events.test = [&, log](const runtime::TestRecord& record) {
    report.set_test(record);
    if (log != nullptr) log->test(record);
    progress.test(record);
  };
  events.progress = [&](const runtime::Progress& where) { progress.progress(where); };
  events.interrupted = [&](int signal, const runtime::Progress& where) {
    progress.note(fmt::format("signal {}: stopping after this iteration, in {} (once more: at once)", signal,
                              runtime::format_duration(where.remaining_seconds)));
  };
  events.snapshot = [&](const std::filesystem::path& path) { progress.note("snapshot " + path.string()); };
  return events;
}

void write_report(const TrainReport& report, const std::string& json) {
  if (json != "-") write_text("-", report.text());
  if (!json.empty()) write_json(json, report.json());
}

/// An interrupted training leaves a snapshot even where none was asked for.
std::filesystem::path save_unasked(const TrainOptions& options, const runtime::Program& program,
                                   runtime::MemorySpace& memory, const runtime::SnapshotHeader& header) {
  auto path = runtime::snapshot_path(snapshot_prefix(options), header.iteration);
  runtime::save_snapshot(path, header, program, memory);
  return path;
}

int train(const TrainOptions& options) {
  start_logging();
  check_plan_choice(options.memory.plan);
  const ArithmeticOptions& arithmetic = options.workload.arithmetic;
  if (arithmetic.loss_scale_given && arithmetic.precision != Precision::fp16)
    throw runtime::UsageError("--loss-scale is for --precision fp16 only");
  std::optional<runtime::Trace> trace;  // outlives the memory
  if (!options.trace.empty()) trace.emplace(options.trace, options.trace_iterations);
  std::optional<TrainPicture> picture;
  if (!options.report.empty()) picture.emplace(options.report);
  std::optional<TrainLog> log;
  if (!options.log.file.empty()) log.emplace(options.log);
  const bool with_test = wants_test(options);
  const std::unique_ptr<Platform> platform = open_platform(options.workload, options.memory);
  const Workload workload = open_workload(options.workload, with_test);
  const std::uint64_t iterations = iteration_count(options, *workload.reader);
  const Recipe recipe = make_recipe(options.solver, options.workload.model,
                                    options.workload.batch * options.workload.accumulate, iterations);
  const layers::LoweredNet lowered =
      lower_workload(workload, platform->kernels(), options.workload, recipe.solver);
  const runtime::Program& program = lowered.program;
  const bool plans_ahead = makes_plans(options.memory.mode);
  Plans plans;
  if (!plans_ahead) plans = resident_plans(program, options.memory, with_test);
  MemoryChoice choice = choose_memory(*platform, program, options.memory, workload.reader->staging_bytes(),
                                      plans_ahead ? std::nullopt : std::optional(plans.arena_bytes()));
  const advisor::Machine machine = platform->machine(choice);
  if (plans_ahead) plans = make_plans(program, options.memory, choice, machine, with_test);
  const bool plans_again =
      plans_ahead && !choice.everything_resident && iterations >= kLeastIterationsToReplan;
  place_tensors(choice, program, plans.train, plans.arena_bytes(), plans_again);
  announce(options, *platform, choice, plans);
  if (picture) {
    if (!trace) trace.emplace(0);
    trace->record_at_least(TrainPicture::iterations(plans_again));
    picture->add_plan(plans.train.plan, *trace);
  }
  const std::unique_ptr<runtime::MemorySpace> memory = make_space(*platform, program, choice);
  spdlog::info("memory: {}", memory->description());

  const RunFacts facts = facts_of(options, *platform, choice, plans);
  TrainReport report(facts);
  ProgressReporter progress(*memory, iterations, program.batch);
  const auto note = [&](const std::string& text) { progress.note(text); };
  const std::int64_t test_images = with_test ? workload.reader->size(layers::Split::test) : 0;
  OverflowWatch overflows(arithmetic.loss_scale);
  runtime::TrainerEvents events = events_to(report, progress, overflows, log ? &*log : nullptr);
  const auto planned_again = [&](const advisor::Advice& plan) {
    const std::uint64_t arena_bytes =
        choice.with_workspace(std::max(plan.arena_bytes, plans.test.arena_bytes));
    report.set_plan(plan, arena_bytes);
    if (log) log->planned_again(plan, arena_bytes);
    if (picture) picture->add_plan(plan.plan, *trace);
    note("with measured times: " + plan_text(plan));
  };
  if (plans_again) {
    events.replan = Replanner(program.train.schedule, options.memory.plan, machine, choice.budget_bytes,
                              planned_again, note);
  }
  runtime::TrainerOptions how = trainer_options(options, recipe.rate, iterations, test_images);
  how.trace = trace ? &*trace : nullptr;
  const auto write_results = [&] {
    if (const auto warning = overflows.end()) note(*warning);
    progress.end();
    if (trace) trace->pause(*memory);
    write_report(report, options.json);
    if (!options.trace.empty()) trace->write(program.train.schedule, *memory);
    if (picture) picture->write(report, program.train.schedule, *trace);
  };
  runtime::Trainer trainer(program, plans.train.plan, plans.test.plan, *memory, std::move(how),
                           std::move(events));
  const runtime::InterruptGuard guard;
  start_from(trainer, options);
  if (log) log->start({facts, trainer.iteration(), iterations}, !options.resume.empty(), note);
  runtime::TrainResult result;
  try {
    result = trainer.run();
  } catch (const runtime::Diverged&) {
    write_results();
    throw;
  }
  if (result.interrupt_signal != 0 && options.snapshot_prefix.empty()) {
    const auto path = save_unasked(options, program, *memory, trainer.snapshot_header());
    progress.note("snapshot " + path.string() + "; go on with --resume auto");
  }
  write_results();
  return result.interrupt_signal == 0 ? 0 : 128 + result.interrupt_signal;
}

}  // namespace

void add_train_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("train", "Train a network (the command when none is named)");
  const auto options = std::make_shared<TrainOptions>();
  add_workload_options(*command, options->workload, true);
  add_data_options(*command, options->workload);
  add_memory_options(*command, options->memory);
  add_solver_options(*command, options->solver);
  CLI::Option* iterations =
      command->add_option("--iterations", options->iterations, "Updates (default: 10 on synthetic data)");
  command->add_option("--epochs", options->epochs, "Passes over the data (default: 1 on real data)")
      ->excludes(iterations)
      ->check(CLI::PositiveNumber);
  iterations->check(CLI::PositiveNumber);
  // Two callbacks: a flag bound to an optional is set to false even when it is not given.
  CLI::Option* test = command->add_flag_callback(
      "--test", [options] { options->test = true; }, "Test at the end (default after epochs, on real data)");
  command
      ->add_flag_callback(
          "--no-test", [options] { options->test = false; }, "Do not test")
      ->excludes(test);
  command->add_option("--test-interval", options->test_interval, "Iterations between tests");
  command->add_option("--snapshot", options->snapshot_prefix, "Write snapshots PREFIX_iter_N.octsnap")
      ->type_name("PREFIX");
  command->add_option("--snapshot-interval", options->snapshot_interval,
                      "Iterations between them (default: at the end)");
  command->add_option("--resume", options->resume, "Go on from a snapshot; auto: the prefix's latest")
      ->type_name("PATH|auto");
  command->add_option("--json", options->json, "Results as JSON; - is stdout")->type_name("FILE|-");
  add_log_options(*command, options->log);
  CLI::Option* trace =
      command
          ->add_option("--trace", options->trace, "Ops, transfers and resident bytes over time, for Perfetto")
          ->type_name("FILE.json");
  command
      ->add_option("--trace-iterations", options->trace_iterations, "How many it shows: the first of the run")
      ->needs(trace)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--report", options->report,
                   "A page that shows where every tensor was and what moved when; .json: its data alone")
      ->type_name("FILE.html");
  command->callback([options, &exit_code] { exit_code = train(*options); });
}

}  // namespace octrain::apps
