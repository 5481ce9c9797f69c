#include "overload.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace octrain::advisor {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Overload::Overload(const std::vector<std::uint64_t>& excess_bytes, const std::vector<std::uint64_t>& op_ns)
    : op_count_(excess_bytes.size()),
      leaves_(std::bit_ceil(std::max<std::size_t>(op_count_, 1))),
      nodes_(2 * leaves_) {
  for (Node& node : nodes_) node.least_excess = kNone;
  for (std::size_t op = 0; op < op_count_; ++op) {
    if (excess_bytes[op] == 0) continue;
    nodes_[leaves_ + op] = {1, op_ns[op], excess_bytes[op], 0, ByteTime{excess_bytes[op]} * op_ns[op]};
  }
  for (std::size_t node = leaves_; node-- > 1;) combine(node);
}

void Overload::combine(std::size_t node) {
  const Node& left = nodes_[2 * node];
  const Node& right = nodes_[2 * node + 1];
  nodes_[node] = {left.ops + right.ops, left.ns + right.ns, std::min(left.least_excess, right.least_excess),
                  0, left.area + right.area};
}

bool Overload::any(const Gap& gap) const { return sum(gap).ops != 0; }

ByteTime Overload::area(const Gap& gap) const { return sum(gap).area; }

Overload::Sum Overload::sum(const Gap& gap) const {
  Sum result;
  for (const OpRange& ops : inner_ops(gap, op_count_)) {
    if (ops.first < ops.second) add_sum(1, {0, leaves_}, {ops.first, ops.second}, 0, result);
  }
  return result;
}

void Overload::add_sum(std::size_t node, Range covers, Range range, std::uint64_t relief, Sum& sum) const {
  const Node& entry = nodes_[node];
  if (range.to <= covers.from || covers.to <= range.from || entry.ops == 0) return;
  if (range.from <= covers.from && covers.to <= range.to) {
    sum.ops += entry.ops;
    sum.area += entry.area - ByteTime{relief} * entry.ns;
    return;
  }
  const std::size_t middle = (covers.from + covers.to) / 2;
  add_sum(2 * node, {covers.from, middle}, range, relief + entry.relief, sum);
  add_sum(2 * node + 1, {middle, covers.to}, range, relief + entry.relief, sum);
}

void Overload::relieve(const Gap& gap, std::uint64_t bytes) {
  for (const OpRange& ops : inner_ops(gap, op_count_)) {
    if (ops.first < ops.second) relieve(1, {0, leaves_}, {ops.first, ops.second}, bytes);
  }
}

void Overload::relieve(std::size_t node, Range covers, Range range, std::uint64_t bytes) {
  Node& entry = nodes_[node];
  if (range.to <= covers.from || covers.to <= range.from || entry.ops == 0) return;
  const bool within = range.from <= covers.from && covers.to <= range.to;
  if (within && entry.least_excess > bytes) {
    relieve_all(entry, bytes);
    return;
  }
  if (covers.to - covers.from == 1) {
    entry = {};
    entry.least_excess = kNone;
    return;
  }
  relieve_all(nodes_[2 * node], entry.relief);
  relieve_all(nodes_[2 * node + 1], entry.relief);
  const std::size_t middle = (covers.from + covers.to) / 2;
  relieve(2 * node, {covers.from, middle}, range, bytes);
  relieve(2 * node + 1, {middle, covers.to}, range, bytes);
  combine(node);
}

/// Every op below stays above its limit.
void Overload::relieve_all(Node& node, std::uint64_t bytes) {
  if (node.ops == 0) return;
  node.area -= ByteTime{bytes} * node.ns;
  node.least_excess -= bytes;
  node.relief += bytes;
}

Overload overload_of(const Schedule& schedule, const Liveness& liveness, const GapTable& table,
                     std::uint64_t limit_bytes) {
  GapTable in_core = table;
  for (Gap& gap : in_core.gaps) gap.absent = gap.kind == Gap::Kind::birth || !gap.live;
  std::vector<std::uint64_t> bytes = occupied_bytes(schedule, liveness, in_core);
  std::vector<std::uint64_t> op_ns;
  op_ns.reserve(bytes.size());
  for (OpIndex op = 0; op < bytes.size(); ++op) {
    const std::uint64_t limit = std::max(limit_bytes, op_bytes(schedule, op));
    bytes[op] -= std::min(bytes[op], limit);
    op_ns.push_back(schedule.ops[op].time_ns);
  }
  return {bytes, op_ns};
}

}  // namespace octrain::advisor
