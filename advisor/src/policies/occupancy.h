// Bytes occupied during each op, as a segment tree: add to a range, find the latest op that is too full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace octrain::advisor {

class Occupancy {
 public:
  explicit Occupancy(const std::vector<std::uint64_t>& bytes_by_op);

  /// Adds `bytes` to every op of [from, to).
  void add(std::size_t from, std::size_t to, std::uint64_t bytes);
  /// Takes `bytes` from every op of [from, to).
  void remove(std::size_t from, std::size_t to, std::uint64_t bytes);
  /// The most that an op of [from, to) occupies; 0 if there is none.
  [[nodiscard]] std::uint64_t most(std::size_t from, std::size_t to) const;
  /// The latest op of [from, to) that occupies more than `limit`, if any.
  [[nodiscard]] std::optional<std::size_t> last_above(std::size_t from, std::size_t to,
                                                      std::uint64_t limit) const;

 private:
  struct Node {
    std::int64_t most = 0;   // the largest below, `added` included
    std::int64_t added = 0;  // to the whole range
  };
  struct Range {
    std::size_t from;
    std::size_t to;
  };

  void add(std::size_t node, Range covers, Range range, std::int64_t bytes);
  [[nodiscard]] std::int64_t most(std::size_t node, Range covers, Range range) const;
  [[nodiscard]] std::optional<std::size_t> last_above(std::size_t node, Range covers, Range range,
                                                      std::int64_t above, std::int64_t limit) const;

  std::size_t leaves_ = 1;
  std::vector<Node> nodes_;  // node i has the children 2i and 2i+1
};

}  // namespace octrain::advisor
