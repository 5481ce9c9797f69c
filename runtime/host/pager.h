// The account of what lies where, and the one way to change it. Executor, workers and fault server share it.
//
// A block changes hands in two steps, so that nothing slow happens under the lock: begin_*() marks it as
// moving, which keeps everybody else away; end() settles it. A fault on a moving block needs no service:
// end() wakes who waits.
//
// Dirty blocks are known by the declared writes of the op (mark_written), not by write protection:
// UFFDIO_MOVE cannot place a protected page, so a first write could slip through between placing and
// protecting.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <vector>

#include "host/block_table.h"
#include "host/memory_slots.h"
#include "host/orders.h"
#include "host/page_mover.h"
#include "host/tier.h"
#include "octrain/runtime/memory_space.h"
#include "src/layout.h"

namespace octrain::runtime::host {

using Lock = std::unique_lock<std::mutex>;

/// On whose account a move goes. What end() ends for a hint is part of an order.
enum class Cause { hint, fault, room };

/// One block on its way.
struct Move {
  BlockId block = 0;
  SlotId slot = kNoSlot;
  Direction direction = Direction::in;
  Cause cause = Cause::hint;
  bool carries =
      false;  ///< contents must come from or go to the tier; otherwise only the page changes its place
  bool fresh = false;          ///< the slot has no page yet
  TensorId tensor = 0;         ///< of a hint: whose order it is part of
  std::uint64_t began_ns = 0;  ///< if transfers are recorded
};

class Pager {
 public:
  struct Parts {
    const Layout& layout;
    std::byte* memory;
    PageMover& mover;
    Tier& tier;
    BlockId limit;         ///< blocks that may be on the device
    bool evicts_for_room;  ///< false: who finds no room is told so (InvalidPlan)
  };
  explicit Pager(const Parts& parts);

  [[nodiscard]] Lock lock() { return Lock(mutex_); }
  // All below need the lock, unless they say otherwise; those that take it may release it for a while.

  /// Waits for any change; or for a change of the orders only (so that idle workers sleep on while blocks
  /// come and go).
  void wait(Lock& lock) { changed_.wait(lock); }
  void wait_for_orders(Lock& lock) { orders_changed_.wait(lock); }
  Orders& orders() { return orders_; }
  void announce_orders() {
    changed_.notify_all();
    orders_changed_.notify_all();
  }
  /// As Orders::cancel_bring_in(): the worker will look again whether it can go on.
  void cancel_bring_in(TensorId tensor);
  [[nodiscard]] BlockState state(BlockId block) const { return blocks_.state(block); }
  [[nodiscard]] bool moving(BlockId block) const { return blocks_.moving(block); }

  /// Takes room for one more block on the device, if there is any.
  [[nodiscard]] bool take_room();
  /// One step towards room: waits for blocks on their way out, or evicts one. Look again at everything
  /// afterwards.
  void make_room(Lock& lock, TierChannel& channel);
  /// The worker that brings blocks in says that it can do nothing until there is room.
  void set_bring_in_starved(bool starved) {
    bring_in_starved_ = starved;
    if (starved) announce();
  }

  /// Room is taken and the block neither resident nor moving.
  [[nodiscard]] Move begin_in(BlockId block, Cause cause);
  /// The block is resident.
  [[nodiscard]] Move begin_out(Lock& lock, BlockId block, Cause cause);
  /// Without the lock: makes ready what the tier is to carry.
  [[nodiscard]] TierTransfer transfer(const Move& move);
  /// Without the lock. `error`: how the transfer ended. On failure the block is again where it was, and
  /// IoError is thrown.
  void end(const Move& move, int error);
  /// Carries and ends the move at once.
  void complete(Lock& lock, const Move& move, TierChannel& channel);

  /// Gives blocks whose contents are dead pages of their own.
  void reserve(Lock& lock, BlockRange range, TierChannel& channel);
  /// Contents of these blocks are dead, on device and tier; none is moving. Returns how many lay on the
  /// device.
  BlockId drop(Lock& lock, BlockRange range);
  /// Contents of these blocks are dead, but they may stay on the device until somebody needs their room (a
  /// workspace is wanted again by the next op). Replaces what was named spare before.
  void set_spare(BlockRange range) { spare_ = range; }
  /// From now until end_writes() what is or becomes resident of these blocks is dirty.
  void mark_written(BlockRange range);
  void end_writes(BlockRange range);

  /// Copies between plain memory and a part of a block that is not moving, wherever its contents lie.
  void write_block(Lock& lock, BlockId block, std::uint64_t offset, std::span<const std::byte> from,
                   TierChannel& channel);
  void read_block(Lock& lock, BlockId block, std::uint64_t offset, std::span<std::byte> to,
                  TierChannel& channel);

  /// Serves the fault of a thread that waits for the block.
  void serve_fault(BlockId block, TierChannel& channel);

  /// Background work has ended badly, for good; or it is to end.
  void fail(const std::exception_ptr& failure);
  void stop();
  [[nodiscard]] bool ended() const { return stopping_ || failure_ != nullptr; }
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  /// As MemorySpace::record_transfers().
  void record(TransferLog* log) { log_ = log; }
  MemoryCounters& counters() { return counters_; }
  [[nodiscard]] MemoryCounters take_counters();
  [[nodiscard]] std::uint64_t resident_bytes() const { return used_ * kBlockBytes; }
  [[nodiscard]] std::uint64_t limit_bytes() const { return parts_.limit * kBlockBytes; }
  [[nodiscard]] std::byte* address(BlockId block) const { return parts_.memory + block * kBlockBytes; }

 private:
  void announce() { changed_.notify_all(); }
  [[nodiscard]] bool room_may_come();
  bool drop_spare(Lock& lock);
  [[nodiscard]] std::uint64_t now() const { return log_ != nullptr ? steady_ns() : 0; }
  void note(const Move& move);
  void note_pages(TransferKind kind, std::span<const Move> moves, std::uint64_t began_ns);
  void note_resident();
  void place(Lock& lock, std::span<const Move> moves);
  void settle(BlockId block, BlockState state);
  void end_in(const Move& move);
  void end_out(const Move& move);
  void undo(const Move& move);
  SlotId borrow_frame(Lock& lock, BlockId block);
  void give_frame_back(BlockId block, SlotId slot, BlockState state);
  void transfer_held(BlockId block, SlotId slot, Direction direction, TierChannel& channel);

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable orders_changed_;
  BlockTable blocks_;
  MemorySlots slots_;
  Orders orders_;
  std::vector<bool> written_;  // by block: an op that writes it is running
  BlockRange spare_;
  BlockId used_ = 0;  // blocks on the device, those on their way included
  BlockId moving_out_ = 0;
  bool bring_in_starved_ = false;
  bool stopping_ = false;
  std::exception_ptr failure_;
  MemoryCounters counters_;
  TransferLog* log_ = nullptr;  // null: nobody wants to know
};

}  // namespace octrain::runtime::host
