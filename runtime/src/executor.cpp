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
      break;  // refused by the constructor
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
  for (const advisor::Action& action : plan.actions) {
    if (action.kind == advisor::ActionKind::recompute || action.kind == advisor::ActionKind::place) {
      throw InvalidPlan("this executor does not carry out '" + std::string(to_string(action.kind)) +
                        "': plan without recompute and sharing");
    }
  }
}

IterationMetrics Executor::run(const IterationInput& input, const OpProgress& progress) {
  IterationMetrics metrics;
  metrics.scalars.assign(input.scalar_count, 0.0);
  metrics.op_ns.reserve(schedule_.ops.size());
  metrics.op_start_ns.reserve(schedule_.ops.size());
  (void)memory_.take_counters();
  const Clock::time_point start = Clock::now();
  std::uint64_t stall_ns = 0;
  for (advisor::OpIndex i = 0; i < schedule_.ops.size(); ++i) {
    const advisor::Op& op = schedule_.ops[i];
    for (const advisor::Action& action : index_.before[i]) hint(memory_, action);
    const OpAccess access{op.reads, op.writes, op.workspace_bytes};
    stall_ns += memory_.acquire(access);
    const OpContext context{memory_, memory_.workspace(), input.iteration, input.learning_rate,
                            metrics.scalars};
    const Clock::time_point op_start = Clock::now();
    functions_[i](context);
    metrics.op_start_ns.push_back(ns_between(start, op_start));
    metrics.op_ns.push_back(ns_between(op_start, Clock::now()));
    memory_.release(access);
    for (const advisor::Action& action : index_.after[i]) hint(memory_, action);
    if (progress) progress(i + 1, static_cast<advisor::OpIndex>(schedule_.ops.size()));
  }
  metrics.seconds = static_cast<double>(ns_between(start, Clock::now())) * 1e-9;
  metrics.stall_seconds = static_cast<double>(stall_ns) * 1e-9;
  metrics.memory = memory_.take_counters();
  return metrics;
}

}  // namespace octrain::runtime
