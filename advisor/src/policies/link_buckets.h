// A link's time in an iteration, cut into buckets of consecutive ops, of which each transfer takes its share
// (G10, MICRO'23).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

class LinkBuckets {
 public:
  enum class Use { look, take };
  /// Where a transfer begins or ends: a boundary, before the op of this index.
  struct Slot {
    std::size_t boundary = 0;
    std::uint64_t missing_ns = 0;  ///< for which there was no time
  };

  /// A bucket lasts at least `bucket_ns`; 0: each op is one.
  LinkBuckets(const Schedule& schedule, std::uint64_t bucket_ns);

  /// The first boundary at which a transfer of this length is over that starts at `from` at the earliest and
  /// may last until `to`.
  Slot end(std::size_t from, std::size_t to, std::uint64_t ns, Use use);
  /// The last boundary at which it may start, at `from` at the earliest, to be over by `to`.
  Slot start(std::size_t from, std::size_t to, std::uint64_t ns, Use use);

 private:
  std::size_t root(std::vector<std::size_t>& links, std::size_t bucket);
  std::uint64_t use_bucket(std::size_t bucket, std::uint64_t ns, Use use);

  std::vector<std::size_t> first_op_;   // by bucket, and the op count
  std::vector<std::size_t> bucket_at_;  // by boundary: the first bucket that begins there or later
  std::vector<std::uint64_t> free_ns_;  // by bucket
  // Union-find over full buckets: the next with time left (count: none), and one past the previous (0: none).
  std::vector<std::size_t> next_;
  std::vector<std::size_t> previous_;
};

}  // namespace octrain::advisor
