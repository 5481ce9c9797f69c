// The schedule's ops as a graph: who computes what whom reads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "occupancy.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

class Dataflow {
 public:
  explicit Dataflow(const Schedule& schedule);

  /// The most ops on any way of data to this one.
  [[nodiscard]] std::uint64_t level(OpIndex op) const { return levels_[op]; }
  [[nodiscard]] std::uint64_t highest_level() const { return highest_; }
  /// The latest op before `op` whose level is at most `level`.
  [[nodiscard]] std::optional<OpIndex> last_at_or_below(OpIndex op, std::uint64_t level) const;
  /// The latest op, not after `latest`, on whose results `op` depends.
  [[nodiscard]] std::optional<OpIndex> last_ancestor(OpIndex op, OpIndex latest);

 private:
  std::vector<std::vector<OpIndex>> producers_;  // by op: whose results it reads
  std::vector<std::uint64_t> levels_;
  std::uint64_t highest_ = 0;
  Occupancy depth_;                  // by op: how far below the highest level
  std::vector<std::uint64_t> seen_;  // by op: the search that met it
  std::uint64_t search_ = 0;
};

}  // namespace octrain::advisor
