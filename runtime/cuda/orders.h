// What is asked of the threads that carry out hints.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "src/layout.h"

namespace octrain::runtime::cuda {

/// Each has its queue, its thread and its stream, and is carried out in order of issue. What copies nothing
/// has lanes of its own, so that an op's outputs wait neither for transfers nor for what later ops will need,
/// and freed room for none either.
enum class Lane : std::uint8_t {
  in,       ///< contents from the host
  out,      ///< contents to the host
  reserve,  ///< device pages for dead contents, by a hint
  outputs,  ///< device pages for what the op that is acquired will overwrite
  drop,     ///< device pages are given up whose contents are dead, or on the host as well
};
inline constexpr std::size_t kLanes = 5;
inline constexpr std::array<Lane, kLanes> kAllLanes{Lane::in, Lane::out, Lane::reserve, Lane::outputs,
                                                    Lane::drop};

[[nodiscard]] constexpr std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
/// The others give room back when they are done.
[[nodiscard]] constexpr bool takes_room(Lane lane) { return lane != Lane::out && lane != Lane::drop; }

/// Counts runs of ops, from 1.
using OpSerial = std::uint64_t;
/// Counts orders over all lanes, from 1.
using OrderId = std::uint64_t;
/// By lane: the last order of interest; 0 is none. Lanes keep their order, so it stands for all before.
using Orders = std::array<OrderId, kLanes>;

using Ranges = std::vector<BlockRange>;

/// The most that is copied in one piece.
inline constexpr BlockId kBlocksOfACopy = 32;

[[nodiscard]] inline BlockId count(const Ranges& ranges) {
  BlockId blocks = 0;
  for (const BlockRange& range : ranges) blocks += range.count;
  return blocks;
}

struct Order {
  OrderId id = 0;
  Ranges ranges;       ///< what is left of it
  OpSerial after = 0;  ///< this run of an op must have ended before (0: none)
  Orders behind{};     ///< and these orders
  /// Of a hint: whose. What the counters of planned bytes leave out is for want of room, or for an op.
  std::optional<TensorId> tensor;
};

}  // namespace octrain::runtime::cuda
