// What is known of every block, and the resident ones in the order of their migration.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/memory_slots.h"
#include "src/layout.h"

namespace octrain::runtime::host {

enum class BlockState : std::uint8_t { empty, resident, on_tier, moving_in, moving_out };

/// Not thread-safe.
class BlockTable {
 public:
  explicit BlockTable(BlockId count) : blocks_(count) {}

  [[nodiscard]] BlockId size() const { return static_cast<BlockId>(blocks_.size()); }
  [[nodiscard]] BlockState state(BlockId block) const { return blocks_[block].state; }
  [[nodiscard]] bool moving(BlockId block) const {
    return state(block) == BlockState::moving_in || state(block) == BlockState::moving_out;
  }
  /// A block that becomes resident counts as the most recently migrated one.
  void set_state(BlockId block, BlockState state) {
    if (blocks_[block].state == BlockState::resident) unlink(block);
    blocks_[block].state = state;
    if (state == BlockState::resident) link_last(block);
  }
  /// Resident, and the tier holds no copy of these contents.
  [[nodiscard]] bool dirty(BlockId block) const { return blocks_[block].dirty; }
  void set_dirty(BlockId block, bool dirty) { blocks_[block].dirty = dirty; }
  /// The frame that is the tier's copy, where the tier takes frames.
  [[nodiscard]] SlotId tier_slot(BlockId block) const { return blocks_[block].tier_slot; }
  void set_tier_slot(BlockId block, SlotId slot) { blocks_[block].tier_slot = slot; }

  [[nodiscard]] std::optional<BlockId> least_recently_migrated() const {
    return first_ == kNone ? std::nullopt : std::optional(first_);
  }

 private:
  static constexpr BlockId kNone = ~BlockId{0};
  struct Block {
    BlockState state = BlockState::empty;
    bool dirty = false;
    SlotId tier_slot = kNoSlot;
    BlockId previous = kNone;
    BlockId next = kNone;
  };

  void link_last(BlockId block) {
    blocks_[block].previous = last_;
    blocks_[block].next = kNone;
    (last_ == kNone ? first_ : blocks_[last_].next) = block;
    last_ = block;
  }
  void unlink(BlockId block) {
    const auto [previous, next] = std::pair(blocks_[block].previous, blocks_[block].next);
    (previous == kNone ? first_ : blocks_[previous].next) = next;
    (next == kNone ? last_ : blocks_[next].previous) = previous;
  }

  std::vector<Block> blocks_;
  BlockId first_ = kNone;
  BlockId last_ = kNone;
};

}  // namespace octrain::runtime::host
