// The pager's copies between plain memory and tensors. A block that is not resident stays away: its contents
// are reached on the tier, so that filling a tensor larger than the free room needs none.
#include <cstring>

#include "host/pager.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {

/// Holds a block that is away, so that nobody else moves it, and gives a frame to work in. Releases the lock.
SlotId Pager::borrow_frame(Lock& lock, BlockId block) {
  const bool has_frame = state(block) == BlockState::on_tier && parts_.tier.takes_frames();
  const Frame frame = has_frame ? Frame{blocks_.tier_slot(block)} : slots_.take_frame();
  blocks_.set_state(block, BlockState::moving_in);
  lock.unlock();
  if (frame.fresh) slots_.make_page(frame.slot);
  return frame.slot;
}

void Pager::give_frame_back(BlockId block, SlotId slot, BlockState state) {
  if (state == BlockState::on_tier && parts_.tier.takes_frames()) {
    blocks_.set_tier_slot(block, slot);
  } else {
    slots_.put_frame(slot);
  }
  settle(block, state);
  announce();
}

void Pager::transfer_held(BlockId block, SlotId slot, Direction direction, TierChannel& channel) {
  channel.start({block, slots_.address(slot), direction, 0});
  const int error = channel.finish_one().error;
  if (error != 0) throw IoError("copying contents to or from the " + parts_.tier.description(), error);
}

void Pager::write_block(Lock& lock, BlockId block, std::uint64_t offset, std::span<const std::byte> from,
                        TierChannel& channel) {
  if (state(block) == BlockState::resident) {
    blocks_.set_dirty(block, true);
    written_[block] = true;  // in case it is evicted while we copy, and the copy faults it in again
    lock.unlock();
    std::memcpy(address(block) + offset, from.data(), from.size());
    lock.lock();
    written_[block] = false;
    return;
  }
  const BlockState before = state(block);
  const SlotId slot = borrow_frame(lock, block);
  try {
    const bool copies = !parts_.tier.takes_frames();
    const bool keeps_rest = before == BlockState::on_tier && from.size() < kBlockBytes;
    if (copies && keeps_rest) transfer_held(block, slot, Direction::in, channel);
    std::memcpy(slots_.address(slot) + offset, from.data(), from.size());
    if (copies) transfer_held(block, slot, Direction::out, channel);
  } catch (...) {
    lock.lock();
    give_frame_back(block, slot, before);
    throw;
  }
  lock.lock();
  give_frame_back(block, slot, BlockState::on_tier);
}

void Pager::read_block(Lock& lock, BlockId block, std::uint64_t offset, std::span<std::byte> to,
                       TierChannel& channel) {
  if (state(block) == BlockState::empty) {
    std::memset(to.data(), 0, to.size());
    return;
  }
  if (state(block) == BlockState::resident) {
    lock.unlock();
    std::memcpy(to.data(), address(block) + offset, to.size());
    lock.lock();
    return;
  }
  const SlotId slot = borrow_frame(lock, block);
  try {
    if (!parts_.tier.takes_frames()) transfer_held(block, slot, Direction::in, channel);
    std::memcpy(to.data(), slots_.address(slot) + offset, to.size());
  } catch (...) {
    lock.lock();
    give_frame_back(block, slot, BlockState::on_tier);
    throw;
  }
  lock.lock();
  give_frame_back(block, slot, BlockState::on_tier);
}

}  // namespace octrain::runtime::host
