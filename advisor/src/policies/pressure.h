// The ops during which more is on the device than may be, and how long they last together. Bytes only go
// down, so each op falls under the limit once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

class Pressure {
 public:
  Pressure(const Schedule& schedule, const std::vector<std::uint64_t>& bytes_by_op, std::uint64_t limit);

  /// Takes `bytes` from every op of [from, to).
  void relieve(std::size_t from, std::size_t to, std::uint64_t bytes);
  /// Time that the ops of [from, to) above the limit take; an op of no time counts as a nanosecond.
  [[nodiscard]] std::uint64_t time_over(std::size_t from, std::size_t to) const;
  [[nodiscard]] bool any() const { return nodes_[1].least != kUnder; }

 private:
  static constexpr std::uint64_t kUnder = ~std::uint64_t{0};
  struct Node {
    std::uint64_t least = kUnder;  // of the ops below that are above the limit, `taken` accounted for
    std::uint64_t taken = 0;       // from the whole range, not yet from the nodes below
  };
  struct Range {
    std::size_t from;
    std::size_t to;
  };

  void relieve(std::size_t node, Range covers, Range range, std::uint64_t bytes);
  void fall_under(std::size_t op);
  [[nodiscard]] std::uint64_t time_before(std::size_t op) const;

  std::uint64_t limit_;
  std::size_t leaves_;
  std::vector<Node> nodes_;               // node i has the children 2i and 2i+1
  std::vector<std::uint64_t> times_;      // by op
  std::vector<std::uint64_t> time_sums_;  // of the ops above the limit, as a Fenwick tree
};

}  // namespace octrain::advisor
