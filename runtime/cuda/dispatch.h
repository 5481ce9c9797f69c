// What the executor's thread and the lanes' threads share: the orders that are not done, and the room on the
// device as it really is.
//
// Why nobody waits for ever. An order waits only for ops and orders that were issued before it, and for room.
// Room for all that is issued is there once everything issued before has left that is to leave (BlockSpace
// sees to that when it issues). And what is to leave waits for nobody who wants room: an operand's order has
// begun before its op is enqueued, and an order of lanes out or drop is issued only when those that bring the
// same blocks have begun. So any order of giving out room will do: what the op that is acquired needs goes
// first (lane outputs, faults), and all else in order of issue, so that nobody is passed for ever.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/marks.h"
#include "cuda/orders.h"
#include "octrain/runtime/memory_space.h"

namespace octrain::runtime::cuda {

using Lock = std::unique_lock<std::mutex>;

/// A part of an order, one, or several of a lane: what goes to the device in one piece.
struct Batch {
  Ranges ranges;
  BlockId blocks = 0;
  BlockId by_hint = 0;    ///< of these
  OrderId completes = 0;  ///< the last order that it ends; 0: only a part of one
  /// If transfers are recorded: when it was begun, and its orders' tensors and blocks.
  std::uint64_t began_ns = 0;
  struct Part {
    std::optional<TensorId> tensor;
    BlockId blocks = 0;
  };
  std::vector<Part> parts;
};

/// All but lock(), fail() and stop() need the lock; those that take it may release it for a while.
class Dispatch {
 public:
  Dispatch(BlockId limit, Marks& marks) : limit_(limit), marks_(marks) {}

  [[nodiscard]] Lock lock() { return Lock(mutex_); }

  // The executor's thread. What waits also throws what a lane's thread has failed with.

  /// Puts the order at the end of the lane's queue, under a number of its own.
  OrderId issue(Lane lane, Order order);
  /// Until they have begun, to the last block: the device knows of them.
  void wait_until_begun(Lock& lock, const Orders& orders);
  void wait_until_done(Lock& lock, const Orders& orders);
  void wait_until_idle(Lock& lock);
  /// For faults that may exceed the limit: or those would take the room that was made for orders, for ever.
  void wait_until_all_begun(Lock& lock);
  /// For faults that may not, and before all that later ops will need.
  void wait_for_room(Lock& lock, BlockId blocks);
  /// Of orders that have begun: what a stream has to wait for before it may use their blocks.
  [[nodiscard]] std::vector<EventRef> events(const Orders& orders) const;
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  // A lane's thread.

  /// The next piece, if it need not wait for anything; its room is taken.
  [[nodiscard]] std::optional<Batch> next(Lane lane);
  /// Waits for what the lane's next piece waits for, or for any change.
  void await(Lock& lock, Lane lane);
  /// The piece is on its way; `event` comes behind it.
  void begun(Lane lane, const Batch& batch, EventRef event);
  void done(Lane lane, const Batch& batch);
  [[nodiscard]] bool over() const { return stopping_ || failure_ != nullptr; }

  /// The first failure stays.
  void fail(const std::exception_ptr& failure);
  void stop();

  // The account of what is really there.

  /// Blocks that come without an order (faults) may exceed the limit, see above.
  void take_room(BlockId blocks);
  /// Pages whose contents are dead, or on the host as well, are not resident: they are there for new contents
  /// (revive()), or until somebody wants their room (lane drop).
  void bury(BlockId blocks);
  void revive(BlockId blocks);
  [[nodiscard]] BlockId resident() const { return used_ - buried_; }
  MemoryCounters& counters() { return counters_; }
  [[nodiscard]] MemoryCounters take_counters();
  /// As MemorySpace::record_transfers().
  void record(TransferLog* log) { log_ = log; }

 private:
  struct Moving {
    OrderId completes = 0;
    EventRef event;
  };
  struct Queue {
    std::deque<Order> orders;   // those that have not begun, or only in part
    std::deque<Moving> moving;  // pieces under way
    OrderId issued = 0, begun = 0, done = 0;
  };
  [[nodiscard]] Queue& queue(Lane lane) { return queues_[index(lane)]; }
  [[nodiscard]] Orders all_issued() const;
  [[nodiscard]] bool ready(Lane lane) const;
  [[nodiscard]] bool all_done(const Orders& orders) const;
  [[nodiscard]] BlockId claimed(Lane lane) const;
  [[nodiscard]] BlockId room(Lane lane, BlockId had) const;
  void note_peak();
  void note(Lane lane, const Batch& batch);
  void note_resident();
  template <class Condition>
  void wait_until(Lock& lock, Condition condition);

  const BlockId limit_;
  Marks& marks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Queue, kLanes> queues_;
  OrderId last_id_ = 0;
  BlockId used_ = 0;    // blocks with pages
  BlockId buried_ = 0;  // of these, those that are not resident
  BlockId faults_ = 0;  // blocks that the op that is acquired will fault in, once there is room
  bool stopping_ = false;
  std::exception_ptr failure_;
  MemoryCounters counters_;
  TransferLog* log_ = nullptr;  // null: nobody wants to know
};

}  // namespace octrain::runtime::cuda
