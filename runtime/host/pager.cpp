#include "host/pager.h"

#include <algorithm>
#include <utility>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

/// Pages are at most those on the device, those on a tier that takes frames, and a few on their way.
std::uint32_t slot_capacity(const Pager::Parts& parts) {
  constexpr std::uint32_t kOnTheirWay = 8;
  return (parts.tier.takes_frames() ? std::max(parts.layout.block_count(), parts.limit) : parts.limit) +
         kOnTheirWay;
}

}  // namespace

Pager::Pager(const Parts& parts)
    : parts_(parts),
      blocks_(parts.layout.block_count()),
      slots_(slot_capacity(parts), parts.mover),
      orders_(parts.layout.range_count()),
      written_(parts.layout.block_count()) {}

bool Pager::take_room() {
  if (used_ >= parts_.limit) return false;
  ++used_;
  counters_.peak_resident_bytes = std::max(counters_.peak_resident_bytes, resident_bytes());
  note_resident();
  return true;
}

bool Pager::room_may_come() {
  if (moving_out_ > 0) return true;
  if (ended() || !orders_.any(Direction::out)) return false;
  // An eviction that waits for its tensor to be brought in first cannot help who brings in.
  return orders_.head(Direction::out) != nullptr || !bring_in_starved_;
}

/// Some of the spare blocks, the last first: an op that wants less workspace keeps what it has.
bool Pager::drop_spare(Lock& lock) {
  constexpr BlockId kAtOnce = 16;
  while (spare_.count > 0) {
    const BlockId last = spare_.end() - 1;
    if (state(last) == BlockState::resident) {
      const BlockId count = std::min(kAtOnce, spare_.count);
      spare_.count -= count;
      return drop(lock, {spare_.end(), count}) > 0;
    }
    if (moving(last)) return false;
    --spare_.count;
  }
  return false;
}

void Pager::make_room(Lock& lock, TierChannel& channel) {
  if (drop_spare(lock)) return;
  if (room_may_come()) return wait(lock);
  if (!parts_.evicts_for_room) {
    throw InvalidPlan("the plan leaves no room for one more block in the " + format_bytes(limit_bytes()) +
                      " of device memory: it must evict or discard before");
  }
  const auto victim = blocks_.least_recently_migrated();
  if (!victim) return wait(lock);  // all is moving in: that ends
  complete(lock, begin_out(lock, *victim, Cause::room), channel);
}

void Pager::cancel_bring_in(TensorId tensor) {
  orders_.cancel_bring_in(tensor);
  bring_in_starved_ = false;
  announce_orders();
}

Move Pager::begin_in(BlockId block, Cause cause) {
  const bool carries = state(block) == BlockState::on_tier;
  const bool has_frame = carries && parts_.tier.takes_frames();
  const Frame frame = has_frame ? Frame{blocks_.tier_slot(block)} : slots_.take_frame();
  blocks_.set_state(block, BlockState::moving_in);
  // Noted now, not at the end: who waits for the page goes on as soon as it is in place, and its op may have
  // ended by then.
  blocks_.set_dirty(block, !carries || written_[block]);
  const std::uint64_t bytes = carries ? kBlockBytes : 0;
  if (cause == Cause::fault) {
    ++counters_.faults;
    counters_.fault_in_bytes += bytes;
  } else {
    counters_.planned_in_bytes += bytes;
  }
  return {block, frame.slot, Direction::in, cause, carries, frame.fresh, 0, now()};
}

Move Pager::begin_out(Lock& lock, BlockId block, Cause cause) {
  const Move move{block, slots_.take_empty(), Direction::out, cause, blocks_.dirty(block), false, 0, now()};
  blocks_.set_state(block, BlockState::moving_out);
  ++moving_out_;
  lock.unlock();
  try {
    if (move.carries || parts_.tier.takes_frames()) {
      parts_.mover.remove(address(block), slots_.address(move.slot));
    } else {
      parts_.mover.remove_dead(address(block), slots_.address(move.slot));  // the tier has them
    }
  } catch (...) {
    lock.lock();
    --moving_out_;
    slots_.put_empty(move.slot);
    settle(block, BlockState::resident);
    announce();
    throw;
  }
  lock.lock();
  return move;
}

TierTransfer Pager::transfer(const Move& move) {
  if (move.fresh) slots_.make_page(move.slot);
  return {move.block, slots_.address(move.slot), move.direction, 0};
}

void Pager::end(const Move& move, int error) {
  if (error != 0) {
    undo(move);
    throw IoError(std::string(move.direction == Direction::in ? "reading" : "writing") + " a block of the " +
                      parts_.tier.description(),
                  error);
  }
  if (move.direction == Direction::in) {
    if (move.fresh && !move.carries) slots_.make_page(move.slot);
    parts_.mover.install(address(move.block), slots_.address(move.slot));
  }
  const Lock held = lock();
  move.direction == Direction::in ? end_in(move) : end_out(move);
  note(move);
  if (move.cause != Cause::hint) return announce();
  // Under the same lock: nobody may see the block settled and its order still open (see room_may_come).
  orders_.block_ended(move.tensor);
  announce_orders();
}

void Pager::end_in(const Move& move) {
  slots_.put_empty(move.slot);
  blocks_.set_state(move.block, BlockState::resident);  // install() has woken who waits
}

void Pager::end_out(const Move& move) {
  if (parts_.tier.takes_frames()) {
    blocks_.set_tier_slot(move.block, move.slot);
  } else {
    slots_.put_frame(move.slot);
  }
  blocks_.set_dirty(move.block, false);
  if (move.cause == Cause::room) {
    counters_.driver_evicted_bytes += kBlockBytes;
  } else if (move.carries) {
    counters_.planned_out_bytes += kBlockBytes;
  }
  --moving_out_;
  --used_;
  note_resident();
  settle(move.block, BlockState::on_tier);
}

void Pager::undo(const Move& move) {
  if (move.direction == Direction::out) parts_.mover.install(address(move.block), slots_.address(move.slot));
  const Lock held = lock();
  announce();
  if (move.direction == Direction::out) {
    --moving_out_;
    slots_.put_empty(move.slot);
    settle(move.block, BlockState::resident);
    return;
  }
  --used_;
  if (!(move.carries && parts_.tier.takes_frames())) slots_.put_frame(move.slot);
  settle(move.block, move.carries ? BlockState::on_tier : BlockState::empty);
}

void Pager::settle(BlockId block, BlockState state) {
  blocks_.set_state(block, state);
  parts_.mover.wake(address(block));
}

void Pager::complete(Lock& lock, const Move& move, TierChannel& channel) {
  lock.unlock();
  int error = 0;
  if (move.carries) {
    channel.start(transfer(move));
    error = channel.finish_one().error;
  }
  end(move, error);
  lock.lock();
}

void Pager::reserve(Lock& lock, BlockRange range, TierChannel& channel) {
  std::vector<Move> coming;
  for (BlockId block = range.first; block < range.end();) {
    rethrow_failure();
    if (state(block) == BlockState::resident) {
      ++block;
    } else if (!moving(block) && take_room()) {
      drop(lock, {block, 1});
      coming.push_back(begin_in(block++, Cause::hint));
    } else if (!coming.empty()) {
      place(lock, std::exchange(coming, {}));  // before any wait
    } else if (moving(block)) {
      wait(lock);
    } else {
      make_room(lock, channel);
    }
  }
  place(lock, coming);
}

/// Ends moves that carry nothing, all at once.
void Pager::place(Lock& lock, std::span<const Move> moves) {
  if (moves.empty()) return;
  lock.unlock();
  for (const Move& move : moves) {
    if (move.fresh) slots_.make_page(move.slot);
    parts_.mover.install(address(move.block), slots_.address(move.slot));
  }
  lock.lock();
  for (const Move& move : moves) end_in(move);
  note_pages(TransferKind::reserve, moves, moves.front().began_ns);
  announce();
}

BlockId Pager::drop(Lock& lock, BlockRange range) {
  std::vector<Move> leaving;
  for (BlockId block = range.first; block < range.end(); ++block) {
    if (state(block) == BlockState::on_tier) {
      if (parts_.tier.takes_frames()) slots_.put_frame(blocks_.tier_slot(block));
      blocks_.set_state(block, BlockState::empty);
    } else if (state(block) == BlockState::resident) {
      leaving.push_back({block, slots_.take_empty(), Direction::out, Cause::hint, false, false, 0});
      blocks_.set_state(block, BlockState::moving_out);
      ++moving_out_;
    }
    parts_.tier.drop(block);
  }
  if (leaving.empty()) return 0;
  const std::uint64_t began_ns = now();
  lock.unlock();
  for (const Move& move : leaving) parts_.mover.remove_dead(address(move.block), slots_.address(move.slot));
  lock.lock();
  for (const Move& move : leaving) {
    slots_.put_frame(move.slot);
    --moving_out_;
    --used_;
    settle(move.block, BlockState::empty);
  }
  note_pages(TransferKind::drop, leaving, began_ns);
  note_resident();
  announce();
  return static_cast<BlockId>(leaving.size());
}

void Pager::mark_written(BlockRange range) {
  for (BlockId block = range.first; block < range.end(); ++block) {
    written_[block] = true;
    blocks_.set_dirty(block, true);  // of no meaning where it is away: coming in decides anew
  }
}

void Pager::end_writes(BlockRange range) {
  for (BlockId block = range.first; block < range.end(); ++block) written_[block] = false;
}

void Pager::serve_fault(BlockId block, TierChannel& channel) {
  Lock held = lock();
  while (!moving(block)) {  // else its end wakes who waits
    if (state(block) == BlockState::resident) return parts_.mover.wake(address(block));
    if (take_room()) return complete(held, begin_in(block, Cause::fault), channel);
    make_room(held, channel);
  }
}

void Pager::fail(const std::exception_ptr& failure) {
  const Lock held = lock();
  if (!failure_) failure_ = failure;
  announce_orders();
}

void Pager::stop() {
  const Lock held = lock();
  stopping_ = true;
  announce_orders();
}

MemoryCounters Pager::take_counters() {
  MemoryCounters taken = counters_;
  counters_ = {};
  counters_.peak_resident_bytes = resident_bytes();
  return taken;
}

}  // namespace octrain::runtime::host
