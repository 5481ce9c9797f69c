#include "pressure.h"

#include <algorithm>
#include <bit>

namespace octrain::advisor {

Pressure::Pressure(const Schedule& schedule, const std::vector<std::uint64_t>& bytes_by_op,
                   std::uint64_t limit)
    : limit_(limit),
      leaves_(std::bit_ceil(std::max<std::size_t>(bytes_by_op.size(), 1))),
      nodes_(2 * leaves_),
      time_sums_(bytes_by_op.size() + 1, 0) {
  times_.reserve(bytes_by_op.size());
  for (std::size_t op = 0; op < bytes_by_op.size(); ++op) {
    times_.push_back(std::max<std::uint64_t>(schedule.ops[op].time_ns, 1));
    if (bytes_by_op[op] <= limit_) continue;
    nodes_[leaves_ + op].least = bytes_by_op[op];
    for (std::size_t i = op + 1; i < time_sums_.size(); i += i & (~i + 1)) time_sums_[i] += times_[op];
  }
  for (std::size_t node = leaves_; node-- > 1;) {
    nodes_[node].least = std::min(nodes_[2 * node].least, nodes_[2 * node + 1].least);
  }
}

void Pressure::relieve(std::size_t from, std::size_t to, std::uint64_t bytes) {
  if (from < to) relieve(1, {0, leaves_}, {from, to}, bytes);
}

void Pressure::relieve(std::size_t node, Range covers, Range range, std::uint64_t bytes) {
  Node& entry = nodes_[node];
  if (entry.least == kUnder || range.to <= covers.from || covers.to <= range.from) return;
  const bool whole = range.from <= covers.from && covers.to <= range.to;
  if (whole && entry.least > limit_ + bytes) {
    entry.least -= bytes;
    entry.taken += bytes;
    return;
  }
  if (covers.to - covers.from == 1) {
    entry.least = kUnder;
    fall_under(covers.from);
    return;
  }
  for (const std::size_t child : {2 * node, 2 * node + 1}) {
    if (nodes_[child].least == kUnder) continue;
    nodes_[child].least -= entry.taken;
    nodes_[child].taken += entry.taken;
  }
  entry.taken = 0;
  const std::size_t middle = (covers.from + covers.to) / 2;
  relieve(2 * node, {covers.from, middle}, range, bytes);
  relieve(2 * node + 1, {middle, covers.to}, range, bytes);
  entry.least = std::min(nodes_[2 * node].least, nodes_[2 * node + 1].least);
}

void Pressure::fall_under(std::size_t op) {
  for (std::size_t i = op + 1; i < time_sums_.size(); i += i & (~i + 1)) time_sums_[i] -= times_[op];
}

std::uint64_t Pressure::time_before(std::size_t op) const {
  std::uint64_t sum = 0;
  for (std::size_t i = op; i > 0; i -= i & (~i + 1)) sum += time_sums_[i];
  return sum;
}

std::uint64_t Pressure::time_over(std::size_t from, std::size_t to) const {
  return from < to ? time_before(to) - time_before(from) : 0;
}

}  // namespace octrain::advisor
