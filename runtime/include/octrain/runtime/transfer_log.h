// What a memory space moved, and when: filled only while somebody has asked for it
// (MemorySpace::record_transfers()).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "octrain/advisor/schedule.h"
#include "octrain/runtime/op_timer.h"

namespace octrain::runtime {

enum class TransferKind : std::uint8_t {
  prefetch,  ///< contents to the device, by a hint
  evict,     ///< contents to the host, by a hint
  room,      ///< to the host, by the space itself, for want of room
  reserve,   ///< device pages for contents that are dead
  drop,      ///< device pages given up without a copy
  fault,     ///< to the device, on demand
};
inline constexpr std::size_t kTransferKinds = 6;

/// Of the lane that shows them.
[[nodiscard]] constexpr std::string_view lane_name(TransferKind kind) {
  constexpr std::array<std::string_view, kTransferKinds> kNames{"prefetch", "evict", "evict for room",
                                                                "reserve",  "drop",  "faults"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// A piece that was moved at once. Times are steady_ns().
struct Transfer {
  TransferKind kind{};
  /// Whose; empty where the space knows only the place (faults, evictions for want of room).
  std::vector<advisor::TensorId> tensors;
  std::uint64_t offset_bytes = 0;  ///< of its first byte in the space's arena
  std::uint64_t bytes = 0;  ///< as MemoryCounters counts them; of `reserve` and `drop` those of the pages
  std::uint64_t start_ns = 0, end_ns = 0;
};

/// What was resident from then on.
struct ResidentSample {
  std::uint64_t time_ns = 0;
  std::uint64_t bytes = 0;
};

/// Not thread-safe: the space adds under a lock of its own; others look when nothing is recorded.
class TransferLog {
 public:
  /// That ends now.
  void add(Transfer transfer) {
    transfer.end_ns = steady_ns();
    transfers_.push_back(std::move(transfer));
  }
  void resident(std::uint64_t bytes) { resident_.push_back({steady_ns(), bytes}); }

  [[nodiscard]] const std::vector<Transfer>& transfers() const { return transfers_; }
  [[nodiscard]] const std::vector<ResidentSample>& resident() const { return resident_; }

 private:
  std::vector<Transfer> transfers_;
  std::vector<ResidentSample> resident_;
};

}  // namespace octrain::runtime
