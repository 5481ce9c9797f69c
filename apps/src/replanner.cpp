#include "replanner.h"

#include <utility>

#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

/// The first iteration touches every page for the first time, so the second is measured.
constexpr std::uint64_t kMeasuredIteration = 2;
/// Less says little of a link's speed.
constexpr std::uint64_t kLeastMoved = 64 * runtime::kMiB;

double speed(std::uint64_t bytes, std::uint64_t busy_ns, double otherwise) {
  if (bytes < kLeastMoved || busy_ns == 0) return otherwise;
  return static_cast<double>(bytes) / (static_cast<double>(busy_ns) * 1e-9);
}

}  // namespace

Replanner::Replanner(const advisor::Schedule& schedule, const PlanChoice& choice,
                     const advisor::Machine& machine, std::uint64_t budget_bytes,
                     std::function<void(const advisor::Advice&)> told)
    : schedule_(schedule),
      choice_(choice),
      machine_(machine),
      budget_bytes_(budget_bytes),
      told_(std::move(told)) {}

const advisor::Plan* Replanner::operator()(const runtime::IterationRecord& record, std::uint64_t trained) {
  if (trained != kMeasuredIteration) return nullptr;
  for (std::size_t op = 0; op < schedule_.ops.size(); ++op)
    schedule_.ops[op].time_ns = record.metrics.op_ns[op];
  const runtime::MemoryCounters& moved = record.metrics.memory;
  machine_.link_in_bytes_per_s =
      speed(moved.planned_in_bytes, moved.in_busy_ns, machine_.link_in_bytes_per_s);
  machine_.link_out_bytes_per_s =
      speed(moved.planned_out_bytes, moved.out_busy_ns, machine_.link_out_bytes_per_s);
  plan_ = make_proved_plan(choice_, schedule_, machine_, budget_bytes_);
  told_(*plan_);
  return &plan_->plan;
}

}  // namespace octrain::apps
