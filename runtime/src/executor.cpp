#include "octrain/runtime/executor.h"

#include <chrono>
#include <string>

#include "octrain/runtime/error.h"

namespace octrain::runtime {

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t ns_between(Clock::time_point from, Clock::time_point to) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count());
}

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

}  // namespace

Executor::Executor(const advisor::Schedule& schedule, std::span<const OpFunction> functions,
                   MemorySpace& memory, const advisor::Plan& plan)
    : schedule_(schedule), functions_(functions), memory_(memory), index_(plan, schedule.ops.size()) {
  if (functions.size() != schedule.ops.size()) {
    throw InvalidPlan("the schedule has " + std::to_string(schedule.ops.size()) + " ops, but " +
                      std::to_string(functions.size()) + " functions");
  }
}

std::uint64_t Executor::run_op(advisor::OpIndex index, const OpContext& iteration,
                               IterationMetrics& metrics) {
  const advisor::Op& op = schedule_.ops[index];
  const OpAccess access{op.reads, op.writes, op.workspace_bytes};
  metrics.stall_seconds += static_cast<double>(memory_.acquire(access)) * 1e-9;
  OpContext context = iteration;
  context.workspace = memory_.workspace();
  const Clock::time_point start = Clock::now();
  functions_[index](context);
  const std::uint64_t ns = ns_between(start, Clock::now());
  memory_.release(access);
  return ns;
}

IterationMetrics Executor::run(const IterationInput& input, const OpProgress& progress) {
  IterationMetrics metrics;
  metrics.scalars.assign(input.scalar_count, 0.0);
  metrics.op_ns.reserve(schedule_.ops.size());
  std::vector<double> counted_already(input.scalar_count);  // by the first run of a recomputed op
  const OpContext context{memory_, nullptr, input.iteration, input.learning_rate, metrics.scalars};
  const OpContext again{memory_, nullptr, input.iteration, input.learning_rate, counted_already};
  (void)memory_.take_counters();
  const Clock::time_point start = Clock::now();
  std::uint64_t recompute_ns = 0;
  for (advisor::OpIndex i = 0; i < schedule_.ops.size(); ++i) {
    for (const advisor::Action& action : index_.before[i]) {
      if (action.kind == advisor::ActionKind::recompute) {
        recompute_ns += run_op(action.target, again, metrics);
      } else {
        hint(memory_, action);
      }
    }
    metrics.op_ns.push_back(run_op(i, context, metrics));
    for (const advisor::Action& action : index_.after[i]) hint(memory_, action);
    if (progress) progress(i + 1, static_cast<advisor::OpIndex>(schedule_.ops.size()));
  }
  metrics.seconds = static_cast<double>(ns_between(start, Clock::now())) * 1e-9;
  metrics.recompute_seconds = static_cast<double>(recompute_ns) * 1e-9;
  metrics.memory = memory_.take_counters();
  return metrics;
}

}  // namespace octrain::runtime
