// What no plan can beat: stands beside every result.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct Bounds {
  std::uint64_t ideal_ns = 0;         ///< all op times, no transfer
  std::uint64_t peak_live_bytes = 0;  ///< most bytes alive at once, workspace included, without fragmentation
  std::uint64_t largest_op_bytes = 0;
  /// Bytes that a steady furthest-next-use replay (Belady, with liveness) brings in an iteration: a reference
  /// at tensor granularity, exact for tensors of one size.
  std::uint64_t least_traffic_bytes = 0;
};

/// [op]: the bytes alive while it runs, its workspace included.
[[nodiscard]] std::vector<std::uint64_t> live_bytes(const Schedule& schedule);
/// The most of them: what a plan needs that keeps everything on the device while it is alive.
[[nodiscard]] std::uint64_t peak_live_bytes(const Schedule& schedule);
[[nodiscard]] Bounds bounds(const Schedule& schedule, std::uint64_t budget_bytes);

}  // namespace octrain::advisor
