#include "op_cost.h"

#include <algorithm>
#include <utility>

namespace octrain::advisor {
namespace {

std::uint64_t sum_bytes(const Schedule& schedule, const std::vector<TensorId>& tensors) {
  std::uint64_t bytes = 0;
  for (const TensorId tensor : tensors) bytes += schedule.tensors[tensor].bytes;
  return bytes;
}

/// Ops bound by memory are the fastest for the bytes they move: a tenth of all bytes moves at this rate or
/// faster. A share, not the fastest op, because measured times scatter. Only what may run again counts: what
/// makes statistics touches little of its operands.
double ns_per_moved_byte(const Lineage& lineage) {
  constexpr double kShare = 0.1;
  const Schedule& schedule = lineage.schedule;
  std::vector<std::pair<double, double>> rates;  // ns per byte, bytes
  double all_bytes = 0;
  for (OpIndex index = 0; index < schedule.ops.size(); ++index) {
    const Op& op = schedule.ops[index];
    const auto bytes = static_cast<double>(sum_bytes(schedule, op.reads) + sum_bytes(schedule, op.writes));
    const bool counts = op.phase == Phase::forward && lineage.last_rerun[index] != 0;
    if (!counts || op.time_ns == 0 || bytes == 0) continue;
    rates.emplace_back(static_cast<double>(op.time_ns) / bytes, bytes);
    all_bytes += bytes;
  }
  std::sort(rates.begin(), rates.end());
  double sum = 0;
  for (const auto& [rate, bytes] : rates) {
    sum += bytes;
    if (sum >= kShare * all_bytes) return rate;
  }
  return 0;
}

}  // namespace

std::vector<bool> dear_ops(const Lineage& lineage, double ratio) {
  const Schedule& schedule = lineage.schedule;
  const double limit = ratio * ns_per_moved_byte(lineage);
  std::vector<bool> dear;
  dear.reserve(schedule.ops.size());
  for (const Op& op : schedule.ops) {
    const auto written = static_cast<double>(sum_bytes(schedule, op.writes));
    dear.push_back(static_cast<double>(op.time_ns) > limit * written);
  }
  return dear;
}

}  // namespace octrain::advisor
