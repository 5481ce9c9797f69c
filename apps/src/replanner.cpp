#include "replanner.h"

#include <algorithm>
#include <utility>

#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

/// The first iteration touches every page for the first time, so the next are measured. Whatever else the
/// machine does makes an op slower, never faster: of two times the smaller is nearer the truth.
constexpr std::uint64_t kFirstMeasured = 2, kLastMeasured = 3;
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

void Replanner::measure(const runtime::IterationMetrics& metrics, bool first) {
  for (std::size_t op = 0; op < schedule_.ops.size(); ++op) {
    std::uint64_t& time_ns = schedule_.ops[op].time_ns;
    time_ns = first ? metrics.op_ns[op] : std::min(time_ns, metrics.op_ns[op]);
  }
  moved_.planned_in_bytes += metrics.memory.planned_in_bytes;
  moved_.planned_out_bytes += metrics.memory.planned_out_bytes;
  moved_.in_busy_ns += metrics.memory.in_busy_ns;
  moved_.out_busy_ns += metrics.memory.out_busy_ns;
}

const advisor::Plan* Replanner::operator()(const runtime::IterationRecord& record, std::uint64_t trained) {
  if (trained < kFirstMeasured || trained > kLastMeasured) return nullptr;
  measure(record.metrics, trained == kFirstMeasured);
  if (trained < kLastMeasured) return nullptr;
  machine_.link_in_bytes_per_s =
      speed(moved_.planned_in_bytes, moved_.in_busy_ns, machine_.link_in_bytes_per_s);
  machine_.link_out_bytes_per_s =
      speed(moved_.planned_out_bytes, moved_.out_busy_ns, machine_.link_out_bytes_per_s);
  plan_ = make_proved_plan(choice_, schedule_, machine_, budget_bytes_);
  told_(*plan_);
  return &plan_->plan;
}

}  // namespace octrain::apps
