#include "pace.h"

#include <algorithm>
#include <cmath>

namespace octrain::advisor {
namespace {

std::uint64_t transfer_ns(std::uint64_t bytes, double bytes_per_s, std::uint64_t latency_ns) {
  if (bytes_per_s <= 0) return 0;
  return latency_ns +
         static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) / bytes_per_s * 1e9));
}

}  // namespace

Pace::Pace(const Schedule& schedule, const Machine& machine) : machine_(machine), starts_(1, 0) {
  starts_.reserve(schedule.ops.size() + 1);
  for (const Op& op : schedule.ops) starts_.push_back(starts_.back() + op.time_ns);
}

std::uint64_t Pace::in_ns(std::uint64_t bytes) const {
  return transfer_ns(bytes, machine_.link_in_bytes_per_s, machine_.transfer_latency_ns);
}

std::uint64_t Pace::out_ns(std::uint64_t bytes) const {
  return transfer_ns(bytes, machine_.link_out_bytes_per_s, machine_.transfer_latency_ns);
}

std::uint64_t Pace::absence_ns(const Gap& gap) const {
  const std::uint64_t iteration_ns = gap.kind == Gap::Kind::wrap ? starts_.back() : 0;
  return iteration_ns + starts_[gap.need] - starts_[gap.release + std::size_t{1}];
}

std::size_t Pace::first_from(std::uint64_t ns) const {
  return static_cast<std::size_t>(std::lower_bound(starts_.begin(), starts_.end() - 1, ns) - starts_.begin());
}

OpIndex Pace::boundary_by(std::int64_t ns, OpIndex from, OpIndex to) const {
  if (ns < 0) return from;
  const auto first = starts_.begin() + from;
  const auto late = std::upper_bound(first, starts_.begin() + to + 1, static_cast<std::uint64_t>(ns));
  return late == first ? from : static_cast<OpIndex>(late - starts_.begin() - 1);
}

OpIndex earliest_return(const Gap& gap) { return gap.kind == Gap::Kind::pause ? gap.release + 1 : 0; }

}  // namespace octrain::advisor
