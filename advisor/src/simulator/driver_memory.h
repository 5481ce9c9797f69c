// What of each tensor the driver holds on the device, and whom it evicts.
//
// The driver knows blocks, not ops. It takes free blocks first, then those that were brought or allocated
// longest ago, whatever reads them next. Unused and discarded blocks come between the two, but cost as little
// as free ones, and are counted as such. An op sweeps all its operands, so which blocks of a tensor are on
// the device does not matter, only how many: a queue of runs of blocks, in the order in which they came,
// stands for the driver's list. For tensors of whole blocks the figures are those of a walk block by block.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "host_memory.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// Bytes that travel together, and of them those that come from or go to the tier below the host.
struct Flow {
  std::uint64_t in = 0, in_tier = 0;
  std::uint64_t out = 0, out_tier = 0;
  std::uint64_t evicted = 0;  // for want of room, copied or not
  Flow& operator+=(const Flow& other);
};

class DriverMemory {
 public:
  DriverMemory(const std::vector<std::uint64_t>& tensor_bytes, const Machine& machine,
               std::uint64_t budget_bytes);

  [[nodiscard]] std::uint64_t bytes(TensorId tensor) const { return states_[tensor].bytes; }
  [[nodiscard]] std::uint64_t resident(TensorId tensor) const { return states_[tensor].resident; }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  [[nodiscard]] bool has_room(std::uint64_t bytes) const { return used_ + bytes <= budget_; }
  [[nodiscard]] bool could_hold(std::uint64_t bytes) const { return bytes <= budget_; }
  [[nodiscard]] const HostMemory& host() const { return host_; }

  /// Brings `bytes` more of the tensor, in pieces if it is larger than the device, and evicts for them. What
  /// was never touched comes without contents. False: the device holds nothing at all.
  bool bring(TensorId tensor, std::uint64_t bytes, Flow& flow);
  /// Makes it the last to leave.
  void touch(TensorId tensor);
  /// An op has written it all.
  void write(TensorId tensor);
  /// Sends all of it away; its bytes are room only after free_room(). Answers how many.
  std::uint64_t send_away(TensorId tensor, Flow& flow);
  void free_room(std::uint64_t bytes) { used_ -= bytes; }
  /// Contents are dead on both sides; the next touch finds none.
  void drop(TensorId tensor);
  /// The host has written new contents of all of it.
  void supply(TensorId tensor);

 private:
  struct State {
    std::uint64_t bytes = 0;
    std::uint64_t resident = 0;
    HostShare elsewhere;        // contents that are not on the device
    HostShare copies;           // of resident contents, still valid (machines that track writes)
    std::uint64_t written = 0;  // runs that came before have no valid copy
    std::uint64_t round = 0;    // runs of earlier rounds are gone
  };
  /// Blocks of a tensor that came to the device at one time.
  struct Run {
    TensorId tensor = 0;
    std::uint64_t round = 0;
    std::uint64_t came = 0;
    std::uint64_t bytes = 0;
    HostShare copy;
  };

  bool make_room(std::uint64_t bytes, Flow& flow);
  void evict_oldest(std::uint64_t bytes, Flow& flow);
  void copy_out(State& state, const HostShare& copies, std::uint64_t bytes, Flow& flow);

  bool tracks_writes_;
  std::uint64_t block_bytes_;
  std::uint64_t budget_;
  HostMemory host_;
  std::vector<State> states_;
  std::deque<Run> runs_;  // the first to leave first
  std::uint64_t clock_ = 0;
  std::uint64_t used_ = 0;
};

}  // namespace octrain::advisor
