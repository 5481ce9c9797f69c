#include "octrain/runtime/executor.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "octrain/runtime/error.h"

namespace octrain::runtime {

namespace {

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

bool recomputes(const std::vector<advisor::Action>& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const advisor::Action& action) {
    return action.kind == advisor::ActionKind::recompute;
  });
}

void account(const std::vector<OpRun>& runs, IterationMetrics& metrics) {
  std::uint64_t stall_ns = 0, recompute_ns = 0;
  for (const OpRun& run : runs) {
    stall_ns += run.time.stall_ns;
    if (run.again) {
      recompute_ns += run.time.run_ns;
    } else {
      metrics.op_ns.push_back(run.time.run_ns);
    }
  }
  metrics.stall_seconds = static_cast<double>(stall_ns) * 1e-9;
  metrics.recompute_seconds = static_cast<double>(recompute_ns) * 1e-9;
}

}  // namespace

Executor::Executor(const advisor::Schedule& schedule, std::span<const OpFunction> functions,
                   MemorySpace& memory, const advisor::Plan& plan, const std::vector<bool>& repeatable)
    : schedule_(schedule),
      functions_(functions),
      memory_(memory),
      index_(plan, schedule.ops.size()),
      timer_(memory.make_timer()),
      recorder_(repeatable.empty() ? nullptr : memory.make_recorder()) {
  if (functions.size() != schedule.ops.size()) {
    throw InvalidPlan("the schedule has " + std::to_string(schedule.ops.size()) + " ops, but " +
                      std::to_string(functions.size()) + " functions");
  }
  if (!repeatable.empty() && repeatable.size() != functions.size())
    throw InvalidPlan("which ops are repeatable has to be said of all, or of none");
  if (recorder_ != nullptr) find_stretches(repeatable);
}

/// As long as they can be: hints do nothing on memory that can record, only recomputations part them.
void Executor::find_stretches(const std::vector<bool>& repeatable) {
  advisor::OpIndex first = 0;
  const auto count = static_cast<advisor::OpIndex>(schedule_.ops.size());
  for (advisor::OpIndex i = 0; i <= count; ++i) {
    const bool goes_on = i < count && repeatable[i] && (i == first || !recomputes(index_.before[i]));
    if (goes_on) continue;
    if (i - first > 1) stretches_.push_back({first, i, nullptr});
    first = i < count && repeatable[i] ? i : i + 1;
  }
}

void Executor::run_op(advisor::OpIndex index, const OpContext& iteration) {
  const advisor::Op& op = schedule_.ops[index];
  const OpAccess access{op.reads, op.writes, op.workspace_bytes};
  timer_->waits(op.name);
  memory_.acquire(access);
  OpContext context = iteration;
  context.workspace = memory_.workspace();
  timer_->runs();
  functions_[index](context);
  timer_->done();
  memory_.release(access);
}

/// False, and nothing done, where the op begins no stretch that was or can be recorded.
bool Executor::run_stretch(advisor::OpIndex first, const OpContext& iteration, advisor::OpIndex& end) {
  const auto found = std::find_if(stretches_.begin(), stretches_.end(),
                                  [&](const Stretch& stretch) { return stretch.first == first; });
  if (found == stretches_.end() || found->refused || op_ns_alone_.empty()) return false;
  if (found->recording == nullptr) {
    OpContext context = iteration;
    context.workspace = memory_.workspace();
    found->recording = recorder_->record([&] {
      for (advisor::OpIndex i = found->first; i < found->end; ++i) functions_[i](context);
    });
    found->refused = found->recording == nullptr;
    if (found->refused) return false;
  }
  timer_->waits(schedule_.ops[first].name + " and more");
  timer_->runs();
  found->recording->replay();
  timer_->done();
  end = found->end;
  return true;
}

IterationMetrics Executor::run(const IterationInput& input, const OpProgress& progress) {
  IterationMetrics metrics;
  metrics.scalars.assign(input.scalar_count, 0.0);
  std::vector<double> counted_already(input.scalar_count);  // by the first run of a recomputed op
  const OpContext context{memory_,         nullptr,         input.iteration, input.learning_rate,
                          metrics.scalars, input.loss_scale};
  const OpContext again{memory_,         nullptr,         input.iteration, input.learning_rate,
                        counted_already, input.loss_scale};
  std::vector<OpRun> runs;
  std::vector<advisor::OpIndex> timed_together;  // how many of them, one after the other
  const auto count = static_cast<advisor::OpIndex>(schedule_.ops.size());
  (void)memory_.take_counters();  // of what was done between iterations
  (void)timer_->take();           // of an iteration that ended early
  timer_->tell_starts(input.keeps_runs);
  metrics.start_ns = steady_ns();
  memory_.begin_iteration();
  for (advisor::OpIndex i = 0; i < count;) {
    for (const advisor::Action& action : index_.before[i]) {
      if (action.kind == advisor::ActionKind::recompute) {
        runs.push_back({action.target, true, {}});
        timed_together.push_back(1);
        run_op(action.target, again);
      } else {
        hint(memory_, action);
      }
    }
    advisor::OpIndex end = i + 1;
    if (!run_stretch(i, context, end)) run_op(i, context);
    for (advisor::OpIndex op = i; op < end; ++op) runs.push_back({op, false, {}});
    timed_together.push_back(end - i);
    for (const advisor::Action& action : index_.after[end - 1]) hint(memory_, action);
    if (progress) progress(end, count);
    i = end;
  }
  const std::vector<OpTime> times = timer_->take();
  metrics.end_ns = steady_ns();
  metrics.seconds = static_cast<double>(metrics.end_ns - metrics.start_ns) * 1e-9;
  share_out(times, timed_together, runs);
  account(runs, metrics);
  if (op_ns_alone_.empty()) op_ns_alone_ = metrics.op_ns;
  if (input.keeps_runs) metrics.runs = std::move(runs);
  metrics.memory = memory_.take_counters();
  return metrics;
}

/// A time of several ops is shared out as they took one by one.
void Executor::share_out(const std::vector<OpTime>& times, const std::vector<advisor::OpIndex>& together,
                         std::vector<OpRun>& runs) const {
  auto run = runs.begin();
  for (std::size_t k = 0; k < together.size(); ++k) {
    run->time = times.at(k);
    if (together[k] > 1) {
      const auto alone = std::span(op_ns_alone_).subspan(run->op, together[k]);
      const double share = static_cast<double>(times[k].run_ns) /
                           std::max(1.0, std::accumulate(alone.begin(), alone.end(), 0.0));
      std::uint64_t start_ns = times[k].start_ns;
      for (std::size_t i = 0; i < alone.size(); ++i) {
        const auto run_ns = static_cast<std::uint64_t>(static_cast<double>(alone[i]) * share);
        run[static_cast<std::ptrdiff_t>(i)].time = {i == 0 ? times[k].stall_ns : 0, run_ns, start_ns};
        start_ns += run_ns + (i == 0 ? times[k].stall_ns : 0);
      }
    }
    run += together[k];
  }
}

}  // namespace octrain::runtime
