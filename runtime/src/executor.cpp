#include "octrain/runtime/executor.h"

#include <chrono>
#include <string>

#include "octrain/runtime/error.h"

namespace octrain::runtime {

namespace {

using Clock = std::chrono::steady_clock;

void hint(MemorySpace& memory, const advisor::Action& action) {
  switch (action.kind) {
    case advisor::ActionKind::prefetch:
      return memory.prefetch(action.target);
    case advisor::ActionKind::evict:
      return memory.evict(action.target);
    case advisor::ActionKind::discard:
    case advisor::ActionKind::free:
      return memory.discard(action.target);
    case advisor::ActionKind::recompute:
    case advisor::ActionKind::place:
      break;  // no hints
  }
}

void account(const std::vector<OpTime>& times, const std::vector<bool>& reruns, IterationMetrics& metrics) {
  std::uint64_t stall_ns = 0, recompute_ns = 0;
  for (std::size_t run = 0; run < times.size(); ++run) {
    stall_ns += times[run].stall_ns;
    if (reruns[run]) {
      recompute_ns += times[run].run_ns;
    } else {
      metrics.op_ns.push_back(times[run].run_ns);
    }
  }
  metrics.stall_seconds = static_cast<double>(stall_ns) * 1e-9;
  metrics.recompute_seconds = static_cast<double>(recompute_ns) * 1e-9;
}

}  // namespace

Executor::Executor(const advisor::Schedule& schedule, std::span<const OpFunction> functions,
                   MemorySpace& memory, const advisor::Plan& plan)
    : schedule_(schedule),
      functions_(functions),
      memory_(memory),
      index_(plan, schedule.ops.size()),
      timer_(memory.make_timer()) {
  if (functions.size() != schedule.ops.size()) {
    throw InvalidPlan("the schedule has " + std::to_string(schedule.ops.size()) + " ops, but " +
                      std::to_string(functions.size()) + " functions");
  }
}

void Executor::run_op(advisor::OpIndex index, const OpContext& iteration) {
  const advisor::Op& op = schedule_.ops[index];
  const OpAccess access{op.reads, op.writes, op.workspace_bytes};
  timer_->waits();
  memory_.acquire(access);
  OpContext context = iteration;
  context.workspace = memory_.workspace();
  timer_->runs();
  functions_[index](context);
  timer_->done();
  memory_.release(access);
}

IterationMetrics Executor::run(const IterationInput& input, const OpProgress& progress) {
  IterationMetrics metrics;
  metrics.scalars.assign(input.scalar_count, 0.0);
  std::vector<double> counted_already(input.scalar_count);  // by the first run of a recomputed op
  const OpContext context{memory_,         nullptr,         input.iteration, input.learning_rate,
                          metrics.scalars, input.loss_scale};
  const OpContext again{memory_,         nullptr,         input.iteration, input.learning_rate,
                        counted_already, input.loss_scale};
  std::vector<bool> reruns;       // by run of an op
  (void)memory_.take_counters();  // of what was done between iterations
  (void)timer_->take();           // of an iteration that ended early
  const Clock::time_point start = Clock::now();
  memory_.begin_iteration();
  for (advisor::OpIndex i = 0; i < schedule_.ops.size(); ++i) {
    for (const advisor::Action& action : index_.before[i]) {
      if (action.kind == advisor::ActionKind::recompute) {
        reruns.push_back(true);
        run_op(action.target, again);
      } else {
        hint(memory_, action);
      }
    }
    reruns.push_back(false);
    run_op(i, context);
    for (const advisor::Action& action : index_.after[i]) hint(memory_, action);
    if (progress) progress(i + 1, static_cast<advisor::OpIndex>(schedule_.ops.size()));
  }
  const std::vector<OpTime> times = timer_->take();
  metrics.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  account(times, reruns, metrics);
  metrics.memory = memory_.take_counters();
  return metrics;
}

}  // namespace octrain::runtime
