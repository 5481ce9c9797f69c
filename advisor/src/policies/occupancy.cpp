#include "occupancy.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace octrain::advisor {

Occupancy::Occupancy(const std::vector<std::uint64_t>& bytes_by_op)
    : leaves_(std::bit_ceil(std::max<std::size_t>(bytes_by_op.size(), 1))), nodes_(2 * leaves_) {
  for (std::size_t op = 0; op < bytes_by_op.size(); ++op)
    nodes_[leaves_ + op].most = static_cast<std::int64_t>(bytes_by_op[op]);
  for (std::size_t node = leaves_; node-- > 1;) {
    nodes_[node].most = std::max(nodes_[2 * node].most, nodes_[2 * node + 1].most);
  }
}

void Occupancy::add(std::size_t from, std::size_t to, std::uint64_t bytes) {
  if (from < to) add(1, {0, leaves_}, {from, to}, static_cast<std::int64_t>(bytes));
}

void Occupancy::remove(std::size_t from, std::size_t to, std::uint64_t bytes) {
  if (from < to) add(1, {0, leaves_}, {from, to}, -static_cast<std::int64_t>(bytes));
}

void Occupancy::add(std::size_t node, Range covers, Range range, std::int64_t bytes) {
  if (range.to <= covers.from || covers.to <= range.from) return;
  Node& entry = nodes_[node];
  if (range.from <= covers.from && covers.to <= range.to) {
    entry.most += bytes;
    entry.added += bytes;
    return;
  }
  const std::size_t middle = (covers.from + covers.to) / 2;
  add(2 * node, {covers.from, middle}, range, bytes);
  add(2 * node + 1, {middle, covers.to}, range, bytes);
  entry.most = std::max(nodes_[2 * node].most, nodes_[2 * node + 1].most) + entry.added;
}

std::uint64_t Occupancy::most(std::size_t from, std::size_t to) const {
  if (from >= to) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(most(1, {0, leaves_}, {from, to}), 0));
}

std::int64_t Occupancy::most(std::size_t node, Range covers, Range range) const {
  if (range.to <= covers.from || covers.to <= range.from) return std::numeric_limits<std::int64_t>::min() / 2;
  const Node& entry = nodes_[node];
  if (range.from <= covers.from && covers.to <= range.to) return entry.most;
  const std::size_t middle = (covers.from + covers.to) / 2;
  return entry.added + std::max(most(2 * node, {covers.from, middle}, range),
                                most(2 * node + 1, {middle, covers.to}, range));
}

std::optional<std::size_t> Occupancy::last_above(std::size_t from, std::size_t to,
                                                 std::uint64_t limit) const {
  if (from >= to) return std::nullopt;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return last_above(1, {0, leaves_}, {from, to}, 0, static_cast<std::int64_t>(std::min(limit, kMost)));
}

std::optional<std::size_t> Occupancy::last_above(std::size_t node, Range covers, Range range,
                                                 std::int64_t above, std::int64_t limit) const {
  if (range.to <= covers.from || covers.to <= range.from) return std::nullopt;
  const Node& entry = nodes_[node];
  if (entry.most + above <= limit) return std::nullopt;
  if (covers.to - covers.from == 1) return covers.from;
  const std::size_t middle = (covers.from + covers.to) / 2;
  const std::int64_t inherited = above + entry.added;
  if (const auto found = last_above(2 * node + 1, {middle, covers.to}, range, inherited, limit)) return found;
  return last_above(2 * node, {covers.from, middle}, range, inherited, limit);
}

}  // namespace octrain::advisor
