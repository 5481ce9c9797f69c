// Trains: iterations, evaluation, snapshots, interrupts. Knows programs and memory, neither layers nor
// backends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/runtime/executor.h"
#include "octrain/runtime/loss_scale.h"
#include "octrain/runtime/program.h"
#include "octrain/runtime/snapshot.h"
#include "octrain/runtime/solver.h"
#include "octrain/runtime/trace.h"

namespace octrain::runtime {

struct TrainerOptions {
  std::string net;  ///< its name, for snapshots
  std::uint64_t seed = 1;
  LearningRate rate;
  LossScaling loss_scaling;
  std::uint64_t iterations = 0;         ///< over the whole training, those before a resume included
  std::uint64_t test_interval = 0;      ///< iterations between tests; 0: at the end only
  std::int64_t test_images = 0;         ///< 0: no test
  std::int64_t test_batch = 0;          ///< images of one run of the test pass
  std::string snapshot_prefix;          ///< empty: no snapshots
  std::uint64_t snapshot_interval = 0;  ///< 0: at the end (or at an interrupt) only
  std::size_t snapshots_kept = 2;
  Trace* trace = nullptr;  ///< of the first iterations of this run; the caller writes it
};

struct IterationRecord {
  std::uint64_t iteration = 0;  ///< counts from 0
  double loss = 0;
  float learning_rate = 0;
  float loss_scale = 1;
  bool overflow = false;  ///< some update left its weights as they were
  double images_per_second = 0;
  IterationMetrics metrics;  ///< seconds, stalls, memory counters, time of each op, scalars
};

struct TestRecord {
  std::uint64_t iteration = 0;  ///< training iterations done
  double accuracy = 0;          ///< share of the test images
  double loss = 0;              ///< mean over the test images
  double seconds = 0;
};

/// Where a running pass stands. `remaining_seconds` rests on what each op took the last time (the first time:
/// on the schedule's estimates, scaled by what was measured so far).
struct Progress {
  bool testing = false;
  std::uint64_t iteration = 0;  ///< testing: the batch
  std::size_t ops_done = 0, ops = 0;
  double elapsed_seconds = 0, remaining_seconds = 0;  ///< of this iteration
};

/// Any may be empty. Called from the training thread.
struct TrainerEvents {
  std::function<void(const IterationRecord&)> iteration;
  std::function<void(const TestRecord&)> test;
  std::function<void(const Progress&)> progress;  ///< after each op; must be quick
  std::function<void(int signal, const Progress&)>
      interrupted;  ///< once: training stops when this iteration is done
  std::function<void(const std::filesystem::path&)> snapshot;
  /// After an iteration, `trained` of them in this run: another plan for those that follow, or null for the
  /// same. It must outlive the trainer. (Numbers do not depend on plans.)
  std::function<const advisor::Plan*(const IterationRecord&, std::uint64_t trained)> replan;
};

struct TrainResult {
  std::uint64_t iterations_done = 0;  ///< over the whole training
  int interrupt_signal = 0;           ///< 0: ran to its end
  std::optional<TestRecord> test;     ///< the last
};

/// Neither owns nor copies program, plans and memory: they must outlive it. Memory is as the training plan
/// places tensors; plans that place them place weights and states alike, and all tensors or none. After
/// construction either initialize() or resume().
class Trainer {
 public:
  /// Throws UsageError for a program without a scalar "loss".
  Trainer(const Program& program, const advisor::Plan& train_plan, const advisor::Plan& test_plan,
          MemorySpace& memory, TrainerOptions options, TrainerEvents events = {});

  /// Parameters get their fillers' values, states zero.
  void initialize();
  /// Goes on from a snapshot; throws BadInput when it is damaged or another net's, UsageError when its seed
  /// or solver differ.
  void resume(const std::filesystem::path& snapshot);
  /// Parameters from a snapshot, states zero, iteration 0: to test, or to fine-tune.
  void load_weights(const std::filesystem::path& snapshot);

  /// To the last iteration, or to the end of that in which SIGINT or SIGTERM came (InterruptGuard, which the
  /// caller makes). Throws Diverged when a loss is not finite, or a gradient whatever the loss
  /// scale.
  TrainResult run();
  /// The whole test split once; nothing when there is none, or when a signal came before its end.
  std::optional<TestRecord> test();
  /// Under the prefix, with older ones removed; returns its path.
  std::filesystem::path save();

  [[nodiscard]] std::uint64_t iteration() const { return iteration_; }
  /// What a snapshot of now says of this training; parameters and states are in memory.
  [[nodiscard]] SnapshotHeader snapshot_header() const;

 private:
  void settle();
  /// Settles, and lays the tensors out as the plan wants them.
  void enter(const advisor::Plan& plan);
  IterationMetrics run_pass(Executor& executor, const Program::Pass& pass, const IterationInput& input);
  IterationRecord train_iteration(Executor& executor);
  [[nodiscard]] bool due(std::uint64_t interval) const;

  const Program& program_;
  const advisor::Plan* train_plan_;
  const advisor::Plan& test_plan_;
  MemorySpace& memory_;
  TrainerOptions options_;
  TrainerEvents events_;
  std::uint64_t iteration_ = 0;
  LossScale loss_scale_;
  bool interrupt_told_ = false;
  std::vector<std::uint64_t> op_ns_[2];  ///< of the last training iteration and test batch, for Progress
};

}  // namespace octrain::runtime
