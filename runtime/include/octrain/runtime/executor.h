// Carries a plan out beside the computation: hints at op boundaries, ops in order, and an account of what
// happened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/op_recorder.h"
#include "octrain/runtime/op_timer.h"

namespace octrain::runtime {

/// What an op function sees. Pointers are valid until the op has ended: when the function returns, or when
/// the device has done what it was given.
struct OpContext {
  MemorySpace& memory;
  std::byte* workspace = nullptr;  ///< Op::workspace_bytes, 2 MiB aligned
  std::uint64_t iteration = 0;     ///< counts from 0 over the whole training
  float learning_rate = 0;
  std::span<double>
      scalars;           ///< the program's results of this iteration (losses, accuracies); zero at its start
  float loss_scale = 1;  ///< gradients are multiplied by it until an update divides them

  [[nodiscard]] std::byte* bytes(TensorId tensor, std::uint64_t offset_bytes = 0) const {
    return memory.address(tensor) + offset_bytes;
  }
  [[nodiscard]] float* floats(TensorId tensor, std::uint64_t offset_bytes = 0) const {
    return reinterpret_cast<float*>(bytes(tensor, offset_bytes));
  }
};

using OpFunction = std::function<void(const OpContext&)>;

/// One run of an op.
struct OpRun {
  advisor::OpIndex op = 0;
  bool again = false;  ///< recomputed
  OpTime time;
};

struct IterationMetrics {
  double seconds = 0;
  double stall_seconds = 0;      ///< time ops waited for transfers
  double recompute_seconds = 0;  ///< computation of ops that ran once more
  MemoryCounters memory;
  std::vector<std::uint64_t> op_ns;  ///< measured, computation with its demand faults, without stalls
  std::vector<double> scalars;
  std::uint64_t start_ns = 0, end_ns = 0;  ///< by steady_ns()
  std::vector<OpRun> runs;                 ///< in order, if IterationInput asks for them
};

struct IterationInput {
  std::uint64_t iteration = 0;  ///< test pass: number of the batch
  float learning_rate = 0;
  std::size_t scalar_count = 0;
  float loss_scale = 1;
  bool keeps_runs = false;  ///< with IterationMetrics::runs
};

/// Called after every op; may throw to end the iteration (an interrupt); must be quick.
using OpProgress = std::function<void(advisor::OpIndex done, advisor::OpIndex count)>;

/// Neither owns nor copies schedule, functions or memory: they must outlive it.
class Executor {
 public:
  /// `functions[i]` is op i's. Placements are the memory's affair (MemorySpace::place()); the plan must have
  /// passed check(). Throws InvalidPlan where schedule and functions do not match. `repeatable`: as in
  /// Program::Pass; stretches of such ops are recorded in the second iteration, on memory that can, and
  /// given to the device in one call each from then on.
  Executor(const advisor::Schedule& schedule, std::span<const OpFunction> functions, MemorySpace& memory,
           const advisor::Plan& plan, const std::vector<bool>& repeatable = {});

  /// One whole iteration; returns with every transfer done or under way.
  IterationMetrics run(const IterationInput& input, const OpProgress& progress = {});

 private:
  /// Ops that can be recorded together.
  struct Stretch {
    advisor::OpIndex first = 0, end = 0;
    std::unique_ptr<OpRecording> recording;
    bool refused = false;
  };
  void find_stretches(const std::vector<bool>& repeatable);
  void run_op(advisor::OpIndex index, const OpContext& iteration);
  [[nodiscard]] bool run_stretch(advisor::OpIndex first, const OpContext& iteration, advisor::OpIndex& end);
  void share_out(const std::vector<OpTime>& times, const std::vector<advisor::OpIndex>& together,
                 std::vector<OpRun>& runs) const;

  const advisor::Schedule& schedule_;
  std::span<const OpFunction> functions_;
  MemorySpace& memory_;
  advisor::PlanIndex index_;
  std::unique_ptr<OpTimer> timer_;
  std::unique_ptr<OpRecorder> recorder_;    // or null
  std::vector<Stretch> stretches_;          // by their first op
  std::vector<std::uint64_t> op_ns_alone_;  // of the first iteration, op by op
};

}  // namespace octrain::runtime
