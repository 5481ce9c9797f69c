#include "octrain/runtime/trainer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>

#include "octrain/runtime/error.h"
#include "octrain/runtime/interrupt.h"
#include "parameter_store.h"
#include "pass_progress.h"

namespace octrain::runtime {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::optional<std::size_t> scalar_index(const Program::Pass& pass, std::string_view name) {
  const auto found = std::find(pass.scalar_names.begin(), pass.scalar_names.end(), name);
  if (found == pass.scalar_names.end()) return {};
  return static_cast<std::size_t>(found - pass.scalar_names.begin());
}

double scalar(const Program::Pass& pass, const IterationMetrics& metrics, std::string_view name) {
  const auto index = scalar_index(pass, name);
  return index ? metrics.scalars[*index] : 0;
}

/// So that a training of hours does not end with a snapshot that cannot be written.
void prepare_directory(const std::string& snapshot_prefix) {
  if (snapshot_prefix.empty()) return;
  const std::filesystem::path prefix(snapshot_prefix);
  const std::filesystem::path directory = prefix.has_parent_path() ? prefix.parent_path() : ".";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw IoError(directory.string() + ": cannot make the directory for snapshots", error.value());
  if (access(directory.c_str(), W_OK | X_OK) != 0)
    throw IoError(directory.string() + ": cannot write snapshots there", errno);
}

}  // namespace

Trainer::Trainer(const Program& program, const advisor::Plan& train_plan, const advisor::Plan& test_plan,
                 MemorySpace& memory, TrainerOptions options, TrainerEvents events)
    : program_(program),
      train_plan_(&train_plan),
      test_plan_(test_plan),
      memory_(memory),
      options_(std::move(options)),
      events_(std::move(events)),
      loss_scale_(options_.loss_scaling) {
  if (!scalar_index(program.train, "loss") && !program.train.empty())
    throw UsageError("the net has no loss: a layer whose top is named \"loss\" is needed to train it");
  prepare_directory(options_.snapshot_prefix);
}

void Trainer::initialize() {
  std::vector<float> values;
  for (const Parameter& parameter : program_.parameters) {
    values.assign(element_count(parameter), 0.0f);
    parameter.fill(values);
    write_section(memory_, parameter, 0, values);
    zero_states(memory_, parameter);
  }
  iteration_ = 0;
  loss_scale_ = LossScale(options_.loss_scaling);
  settle();
}

void Trainer::resume(const std::filesystem::path& snapshot) {
  SnapshotReader reader(snapshot);
  if (reader.header().seed != options_.seed)
    throw UsageError(snapshot.string() + " was made with seed " + std::to_string(reader.header().seed) +
                     "; resume with --seed " + std::to_string(reader.header().seed));
  load_snapshot(reader, program_, memory_, LoadWhat::everything);
  iteration_ = reader.header().iteration;
  loss_scale_ = LossScale(options_.loss_scaling, reader.header().loss_scale.value_or(LossScaleState{}));
  settle();
}

void Trainer::load_weights(const std::filesystem::path& snapshot) {
  SnapshotReader reader(snapshot);
  load_snapshot(reader, program_, memory_, LoadWhat::parameters);
  for (const Parameter& parameter : program_.parameters) zero_states(memory_, parameter);
  iteration_ = 0;
  loss_scale_ = LossScale(options_.loss_scaling);
  settle();
}

/// Every plan starts with nothing resident or from its own end; so this goes between passes of different
/// plans and after contents were copied. What it moves is no iteration's.
void Trainer::settle() {
  if (options_.trace != nullptr) options_.trace->pause(memory_);
  const auto& tensors =
      program_.train.empty() ? program_.test.schedule.tensors : program_.train.schedule.tensors;
  for (TensorId tensor = 0; tensor < tensors.size(); ++tensor) {
    const advisor::Role role = tensors[tensor].role;
    if (advisor::outlives_iteration(role) || role == advisor::Role::input)
      memory_.evict(tensor);
    else
      memory_.discard(tensor);
  }
  memory_.quiesce();
  static_cast<void>(memory_.take_counters());
}

void Trainer::enter(const advisor::Plan& plan) {
  settle();
  const std::size_t tensor_count =
      (program_.train.empty() ? program_.test : program_.train).schedule.tensors.size();
  const std::vector<std::uint64_t> offsets = advisor::arena_offsets(plan, tensor_count);
  if (offsets.empty()) return;
  const auto& tensors = (program_.train.empty() ? program_.test : program_.train).schedule.tensors;
  for (TensorId tensor = 0; tensor < tensor_count; ++tensor) {
    if (!advisor::outlives_iteration(tensors[tensor].role)) memory_.discard(tensor);  // inputs are evicted
  }
  memory_.place(offsets);
}

TrainResult Trainer::run() {
  TrainResult result;
  std::optional<std::uint64_t> saved;
  std::optional<Executor> executor;
  interrupt_told_ = false;
  std::uint64_t trained = 0;
  while (iteration_ < options_.iterations && pending_interrupt() == 0) {
    if (!executor)
      executor.emplace(program_.train.schedule, program_.train.functions, memory_, *train_plan_,
                       program_.train.repeatable);
    const IterationRecord record = train_iteration(*executor);
    if (const advisor::Plan* plan = events_.replan ? events_.replan(record, ++trained) : nullptr) {
      train_plan_ = plan;
      executor.reset();
      enter(*train_plan_);
    }
    if (due(options_.snapshot_interval) && !options_.snapshot_prefix.empty()) {
      save();
      saved = iteration_;
    }
    if (pending_interrupt() == 0 && due(options_.test_interval)) result.test = test();
  }
  result.iterations_done = iteration_;
  result.interrupt_signal = pending_interrupt();
  if (!options_.snapshot_prefix.empty() && saved != iteration_) save();
  const bool tested = result.test && result.test->iteration == iteration_;
  if (result.interrupt_signal == 0 && !tested) result.test = test();
  return result;
}

bool Trainer::due(std::uint64_t interval) const { return interval != 0 && iteration_ % interval == 0; }

IterationRecord Trainer::train_iteration(Executor& executor) {
  const bool traced = options_.trace != nullptr && options_.trace->wants_more();
  const IterationInput input{.iteration = iteration_,
                             .learning_rate = learning_rate(options_.rate, iteration_),
                             .scalar_count = program_.train.scalar_names.size(),
                             .loss_scale = loss_scale_.value(),
                             .keeps_runs = traced};
  if (traced) options_.trace->resume(memory_);
  IterationMetrics metrics = run_pass(executor, program_.train, input);
  if (traced) options_.trace->add(iteration_, metrics, memory_);
  const double loss = scalar(program_.train, metrics, "loss");
  if (!std::isfinite(loss))
    throw Diverged("the loss of iteration " + std::to_string(iteration_) + " is " + std::to_string(loss) +
                   ": the training diverged; lower the learning rate, or go on from an earlier snapshot");
  const bool overflow = program_.take_overflow && program_.take_overflow();
  if (!loss_scale_.note(overflow))
    throw Diverged("the gradients of iteration " + std::to_string(iteration_) +
                   " are not finite whatever the loss scale: the training diverged; lower the learning rate, "
                   "or go on from an earlier snapshot");
  ++iteration_;
  const double images_per_second = static_cast<double>(program_.batch) / metrics.seconds;
  IterationRecord record{.iteration = input.iteration,
                         .loss = loss,
                         .learning_rate = input.learning_rate,
                         .loss_scale = input.loss_scale,
                         .overflow = overflow,
                         .images_per_second = images_per_second,
                         .metrics = std::move(metrics)};
  if (events_.iteration) events_.iteration(record);
  return record;
}

IterationMetrics Trainer::run_pass(Executor& executor, const Program::Pass& pass,
                                   const IterationInput& input) {
  const bool testing = &pass == &program_.test;
  PassProgress estimate(pass.schedule, op_ns_[testing]);
  const auto after_op = [&](advisor::OpIndex done, advisor::OpIndex) {
    const bool tell = !testing && !interrupt_told_ && pending_interrupt() != 0;
    if (!events_.progress && !tell) return;
    Progress progress = estimate.at(done);
    progress.testing = testing;
    progress.iteration = input.iteration;
    if (events_.progress) events_.progress(progress);
    if (!tell) return;
    interrupt_told_ = true;
    if (events_.interrupted) events_.interrupted(pending_interrupt(), progress);
  };
  IterationMetrics metrics = executor.run(input, after_op);
  op_ns_[testing] = metrics.op_ns;
  return metrics;
}

std::optional<TestRecord> Trainer::test() {
  if (program_.test.empty() || options_.test_images <= 0 || options_.test_batch <= 0) return {};
  const auto start = std::chrono::steady_clock::now();
  enter(test_plan_);
  Executor executor(program_.test.schedule, program_.test.functions, memory_, test_plan_,
                    program_.test.repeatable);
  double correct = 0, loss = 0;
  const std::int64_t batches = (options_.test_images + options_.test_batch - 1) / options_.test_batch;
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    if (pending_interrupt() != 0) {
      enter(*train_plan_);
      return {};
    }
    const IterationInput input{.iteration = static_cast<std::uint64_t>(batch),
                               .learning_rate = 0,
                               .scalar_count = program_.test.scalar_names.size()};
    const IterationMetrics metrics = run_pass(executor, program_.test, input);
    const std::int64_t images =
        std::min(options_.test_batch, options_.test_images - batch * options_.test_batch);
    correct += scalar(program_.test, metrics, "accuracy");
    loss += scalar(program_.test, metrics, "loss") * static_cast<double>(images);
  }
  enter(*train_plan_);
  const auto count = static_cast<double>(options_.test_images);
  const TestRecord record{iteration_, correct / count, loss / count, seconds_since(start)};
  if (events_.test) events_.test(record);
  return record;
}

SnapshotHeader Trainer::snapshot_header() const {
  SnapshotHeader header = describe(program_);
  header.net = options_.net;
  header.iteration = iteration_;
  header.seed = options_.seed;
  if (loss_scale_.follows_gradients()) header.loss_scale = loss_scale_.state();
  return header;
}

std::filesystem::path Trainer::save() {
  std::filesystem::path path = snapshot_path(options_.snapshot_prefix, iteration_);
  memory_.quiesce();
  save_snapshot(path, snapshot_header(), program_, memory_);
  settle();
  prune_snapshots(options_.snapshot_prefix, iteration_,
                  std::max<std::size_t>(options_.snapshots_kept, 1) - 1);
  if (events_.snapshot) events_.snapshot(path);
  return path;
}

}  // namespace octrain::runtime
