// By how much each op passes the memory limit while absences are chosen, as a segment tree.
//
// Loads only ever fall, so an op that has come under its limit leaves the tree for good: every query and
// every relief costs O(log ops), amortised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gaps.h"

namespace octrain::advisor {

/// Bytes × nanoseconds of a large schedule pass 64 bits.
__extension__ using ByteTime = unsigned __int128;

class Overload {
 public:
  /// What each op has above the limit, and how long it runs.
  Overload(const std::vector<std::uint64_t>& excess_bytes, const std::vector<std::uint64_t>& op_ns);

  /// Is any op above its limit: at all, or within the gap?
  [[nodiscard]] bool any() const { return nodes_[1].ops != 0; }
  [[nodiscard]] bool any(const Gap& gap) const;
  /// The integral of (load - limit) over the gap, counted where the load is above the limit.
  [[nodiscard]] ByteTime area(const Gap& gap) const;
  /// Takes `bytes` off the load of every op within the gap.
  void relieve(const Gap& gap, std::uint64_t bytes);

 private:
  struct Node {
    std::size_t ops = 0;             // above the limit, in the range
    std::uint64_t ns = 0;            // their time
    std::uint64_t least_excess = 0;  // among them
    std::uint64_t relief = 0;        // still to be taken off both children
    ByteTime area = 0;
  };
  struct Range {
    std::size_t from;
    std::size_t to;
  };
  struct Sum {
    std::size_t ops = 0;
    ByteTime area = 0;
  };

  [[nodiscard]] Sum sum(const Gap& gap) const;
  void add_sum(std::size_t node, Range covers, Range range, std::uint64_t relief, Sum& sum) const;
  void relieve(std::size_t node, Range covers, Range range, std::uint64_t bytes);
  void relieve_all(Node& node, std::uint64_t bytes);
  void combine(std::size_t node);

  std::size_t op_count_;
  std::size_t leaves_;
  std::vector<Node> nodes_;  // node i has the children 2i and 2i+1
};

/// The load with everything resident that lives, over max(`limit_bytes`, what the op needs alone).
[[nodiscard]] Overload overload_of(const Schedule& schedule, const Liveness& liveness, const GapTable& table,
                                   std::uint64_t limit_bytes);

}  // namespace octrain::advisor
