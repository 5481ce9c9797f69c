// The memory that one run trains in: where every tensor of a schedule lives, and the means to move it.
//
// One implementation a kind of memory (plain, managed with hints, managed without, explicit copies), all
// under one contract (tests/contract/memory_space_contract.h). The executor drives them all alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "octrain/advisor/schedule.h"
#include "octrain/runtime/op_recorder.h"
#include "octrain/runtime/op_timer.h"
#include "octrain/runtime/transfer_log.h"

namespace octrain::runtime {

using advisor::TensorId;

/// What a driver that moves memory by itself did, as it tells.
struct DriverCounters {
  std::uint64_t fault_groups = 0;  ///< faults for the same page at once are one
  std::uint64_t demand_in_bytes = 0;
  std::uint64_t speculative_in_bytes = 0;  ///< beside what was touched
  std::uint64_t prefetch_in_bytes = 0;     ///< as it was asked to
  std::uint64_t other_in_bytes = 0;
  std::uint64_t prefetch_out_bytes = 0;
  std::uint64_t evicted_bytes = 0;  ///< for want of room
  std::uint64_t other_out_bytes = 0;
  std::uint64_t thrashings = 0;  ///< times that it saw memory come and go in vain
};

/// What happened since the last take_counters(). Bytes are those of whole blocks. Where a driver moves memory
/// by itself, faults, evictions for want of room and what is resident are the space's account of what it
/// asked for; what happened is in `driver`.
struct MemoryCounters {
  std::uint64_t planned_in_bytes = 0;  ///< brought to the device by prefetch
  /// Copied to the host by evict. Clean contents are not copied again, where the memory can do without.
  std::uint64_t planned_out_bytes = 0;
  std::uint64_t discarded_bytes = 0;       ///< died on the device: their room is free without a copy
  std::uint64_t faults = 0;                ///< demand faults that were served
  std::uint64_t fault_in_bytes = 0;        ///< brought to the device by faults
  std::uint64_t driver_evicted_bytes = 0;  ///< evicted by the space itself, for want of room (copied or not)
  std::uint64_t in_busy_ns = 0;            ///< time during which hints were bringing contents in
  std::uint64_t out_busy_ns = 0;           ///< and out: bytes over it are the link's speed under load
  /// Most device bytes held at once since the last take_counters(); dead pages that may be taken are not
  /// among them.
  std::uint64_t peak_resident_bytes = 0;
  bool driver_moves = false;             ///< faults and evictions are a driver's affair
  std::optional<DriverCounters> driver;  ///< if it is measured

  // What happened, not what was asked for; empty where nobody has measured it.
  [[nodiscard]] std::optional<std::uint64_t> measured_faults() const {
    return measured(faults, driver ? driver->fault_groups : 0);
  }
  /// By no hint.
  [[nodiscard]] std::optional<std::uint64_t> measured_fault_in_bytes() const {
    return measured(
        fault_in_bytes,
        driver ? driver->demand_in_bytes + driver->speculative_in_bytes + driver->other_in_bytes : 0);
  }
  [[nodiscard]] std::optional<std::uint64_t> measured_evicted_bytes() const {
    return measured(driver_evicted_bytes, driver ? driver->evicted_bytes : 0);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> measured(std::uint64_t by_space, std::uint64_t by_driver) const {
    if (!driver_moves) return by_space;
    return driver ? std::optional(by_driver) : std::nullopt;
  }
};

/// The operands of one op. A tensor in `writes` that is not in `reads` is overwritten as a whole.
struct OpAccess {
  std::span<const TensorId> reads;
  std::span<const TensorId> writes;
  std::uint64_t workspace_bytes = 0;
};

/// Threading: prefetch, evict, discard, acquire, release, quiesce and the content copies come from one thread
/// (the executor's); the memory itself may be touched by any thread. Errors of background transfers are
/// thrown by the next call. Destruction waits for transfers under way and never throws.
class MemorySpace {
 public:
  virtual ~MemorySpace() = default;
  MemorySpace(const MemorySpace&) = delete;
  MemorySpace& operator=(const MemorySpace&) = delete;

  /// Lays the tensors out anew in the space's arena: an offset a tensor, in whole blocks of 2 MiB. Of tensors
  /// that share bytes, one must be discarded before the other is written (or be read for the last time by the
  /// op that writes the other in its place). Nothing may be under way, and whose place changes must be
  /// discarded before. Throws InvalidPlan for what does not fit in the arena.
  virtual void place(std::span<const std::uint64_t> arena_offsets) = 0;
  /// Where the tensor lies, 2 MiB aligned; stable until place(). Contents may be touched between
  /// acquire() and release() of an op that names the tensor (managed spaces: at any time, at the cost of
  /// faults).
  [[nodiscard]] virtual std::byte* address(TensorId tensor) = 0;
  /// Workspace of the op that is acquired now; its contents are arbitrary at acquire().
  [[nodiscard]] virtual std::byte* workspace() = 0;

  /// Hints, carried out beside the computation, in issue order for each direction.
  virtual void prefetch(
      TensorId tensor) = 0;  ///< dead contents: reserve blocks, move nothing; resident: nothing
  virtual void evict(TensorId tensor) = 0;  ///< not resident: nothing
  /// Contents dead on device and host; blocks are free at once, or as soon as the device is done with them.
  virtual void discard(TensorId tensor) = 0;

  /// Makes an op's operands usable: waits for their transfers under way, reserves blocks for those written as
  /// a whole, notes what becomes dirty. (On a device that works behind the executor, it is the device that
  /// waits, and release() is said before the op has ended.) Operands that no hint brought: managed spaces
  /// leave them to demand faults, explicit ones throw InvalidPlan.
  virtual void acquire(const OpAccess& access) = 0;
  virtual void release(const OpAccess& access) = 0;

  /// An iteration is about to begin; no op is under way. Memory without hints that is given
  /// less than the device has (um-naive under a virtual budget) lays out of it here what exceeds the budget.
  virtual void begin_iteration() {}
  /// A timer of the ops that work on this memory.
  [[nodiscard]] virtual std::unique_ptr<OpTimer> make_timer() { return make_thread_timer(); }
  /// A recorder of ops that work on this memory. Null, unless everything stays where it is until place(), so
  /// that hints and acquire() do nothing, and recording gains something.
  [[nodiscard]] virtual std::unique_ptr<OpRecorder> make_recorder() { return nullptr; }

  /// Waits for every transfer under way; rethrows what failed.
  virtual void quiesce() = 0;

  /// Copies contents between the tensor and plain memory, wherever the tensor's contents lie now; between ops
  /// only. Works tensor by tensor within the device budget.
  virtual void write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) = 0;
  virtual void read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) = 0;

  [[nodiscard]] virtual MemoryCounters take_counters() = 0;
  /// From now on what is moved is added to the log, which outlives the space; null: no more. What nothing
  /// moves in has nothing to add.
  virtual void record_transfers(TransferLog*) {}
  /// Device bytes held now; the last op's workspace may be among them until its room is needed.
  [[nodiscard]] virtual std::uint64_t resident_bytes() const = 0;
  /// "host um, RAM tier, MOVE" and the like, for logs.
  [[nodiscard]] virtual std::string description() const = 0;

 protected:
  MemorySpace() = default;
};

}  // namespace octrain::runtime
