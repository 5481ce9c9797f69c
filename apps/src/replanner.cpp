#include "replanner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

/// The first iteration touches every page for the first time, so the next are measured. Of three times the
/// middle one is not moved by what else the machine may have done during one of them.
constexpr std::uint64_t kFirstMeasured = 2, kLastMeasured = 4;
constexpr std::size_t kMiddle = (kLastMeasured - kFirstMeasured) / 2;

template <class Value>
Value middle_of(std::vector<Value> values) {
  std::nth_element(values.begin(), values.begin() + kMiddle, values.end());
  return values[kMiddle];
}

/// Of an iteration, what neither ops nor stalls took: the hints themselves.
double hint_seconds(const runtime::IterationMetrics& metrics) {
  double seconds = metrics.seconds - metrics.stall_seconds - metrics.recompute_seconds;
  for (const std::uint64_t ns : metrics.op_ns) seconds -= static_cast<double>(ns) * 1e-9;
  return std::max(0.0, seconds);
}

/// Less says little of a link's speed.
constexpr std::uint64_t kLeastMoved = 64 * runtime::kMiB;

double speed(std::uint64_t bytes, std::uint64_t busy_ns, double otherwise) {
  if (bytes < kLeastMoved || busy_ns == 0) return otherwise;
  return static_cast<double>(bytes) / (static_cast<double>(busy_ns) * 1e-9);
}

}  // namespace

Replanner::Replanner(const advisor::Schedule& schedule, const PlanChoice& choice,
                     const advisor::Machine& machine, std::uint64_t budget_bytes,
                     std::function<void(const advisor::Advice&)> told,
                     std::function<void(const std::string&)> warn)
    : schedule_(schedule),
      choice_(choice),
      machine_(machine),
      budget_bytes_(budget_bytes),
      told_(std::move(told)),
      warn_(std::move(warn)) {}

/// Hints are many and small, and there are some around every op: each op takes its part of their time.
void Replanner::set_op_times() {
  const std::size_t ops = schedule_.ops.size();
  std::vector<double> hints;
  for (const runtime::IterationMetrics& metrics : measured_) hints.push_back(hint_seconds(metrics));
  const double hints_ns_an_op = 1e9 * middle_of(hints) / static_cast<double>(ops);
  for (std::size_t op = 0; op < ops; ++op) {
    std::vector<std::uint64_t> times;
    for (const runtime::IterationMetrics& metrics : measured_) times.push_back(metrics.op_ns[op]);
    schedule_.ops[op].time_ns = middle_of(times) + static_cast<std::uint64_t>(hints_ns_an_op);
  }
}

void Replanner::set_link_speeds() {
  runtime::MemoryCounters moved;
  for (const runtime::IterationMetrics& metrics : measured_) {
    moved.planned_in_bytes += metrics.memory.planned_in_bytes;
    moved.planned_out_bytes += metrics.memory.planned_out_bytes;
    moved.in_busy_ns += metrics.memory.in_busy_ns;
    moved.out_busy_ns += metrics.memory.out_busy_ns;
  }
  machine_.link_in_bytes_per_s =
      speed(moved.planned_in_bytes, moved.in_busy_ns, machine_.link_in_bytes_per_s);
  machine_.link_out_bytes_per_s =
      speed(moved.planned_out_bytes, moved.out_busy_ns, machine_.link_out_bytes_per_s);
}

const advisor::Plan* Replanner::operator()(const runtime::IterationRecord& record, std::uint64_t trained) {
  if (trained < kFirstMeasured || trained > kLastMeasured) return nullptr;
  measured_.push_back(record.metrics);
  if (trained < kLastMeasured) return nullptr;
  set_op_times();
  set_link_speeds();
  try {
    plan_ = make_proved_plan(choice_, schedule_, machine_, budget_bytes_);
  } catch (const runtime::Error& error) {
    warn_(std::string("training goes on with its first plan: ") + error.what());
    return nullptr;
  }
  told_(*plan_);
  return &plan_->plan;
}

}  // namespace octrain::apps
