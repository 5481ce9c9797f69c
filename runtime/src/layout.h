// Where each tensor lies, for every backend's spaces: every tensor starts at a block, one behind the other or
// at a given offset (then blocks may be shared); the workspace comes last, and stays where it is when tensors
// are placed anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "octrain/runtime/error.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime {

using BlockId = std::uint32_t;

struct BlockRange {
  BlockId first = 0;
  BlockId count = 0;
  [[nodiscard]] BlockId end() const { return first + count; }
  friend bool operator==(const BlockRange&, const BlockRange&) = default;
};

[[nodiscard]] constexpr BlockId blocks_of(std::uint64_t bytes) {
  return static_cast<BlockId>((bytes + kBlockBytes - 1) / kBlockBytes);
}

/// A part of a span of bytes that lies in one block.
struct BlockPiece {
  BlockId block = 0;
  std::uint64_t offset = 0;  ///< in the block
  std::uint64_t start = 0;   ///< in the span
  std::uint64_t bytes = 0;
};

/// Calls `action(piece)` for each block of the `bytes` that begin `offset` bytes into the range.
template <class Action>
void for_each_piece(BlockRange range, std::uint64_t offset, std::uint64_t bytes, Action action) {
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t in_block = (offset + done) % kBlockBytes;
    const std::uint64_t piece = std::min(kBlockBytes - in_block, bytes - done);
    const auto block = static_cast<BlockId>(range.first + (offset + done) / kBlockBytes);
    action(BlockPiece{block, in_block, done, piece});
    done += piece;
  }
}

class Layout {
 public:
  /// `offsets` by tensor, whole blocks; empty: one tensor behind the other. At least `arena_bytes` lie below
  /// the workspace. Throws InvalidPlan for a tensor without an offset, or within a block.
  Layout(std::span<const std::uint64_t> tensor_bytes, std::span<const std::uint64_t> offsets,
         std::uint64_t workspace_bytes, std::uint64_t arena_bytes = 0) {
    if (!offsets.empty() && offsets.size() != tensor_bytes.size())
      throw InvalidPlan("a place for every tensor is needed, or for none");
    ranges_.reserve(tensor_bytes.size() + 1);
    for (std::size_t tensor = 0; tensor < tensor_bytes.size(); ++tensor) {
      if (!offsets.empty() && offsets[tensor] % kBlockBytes != 0)
        throw InvalidPlan("tensor " + std::to_string(tensor) + " is placed within a block");
      const BlockId first = offsets.empty() ? block_count_ : blocks_of(offsets[tensor]);
      add({first, blocks_of(tensor_bytes[tensor])});
    }
    block_count_ = std::max(block_count_, blocks_of(arena_bytes));
    add({block_count_, blocks_of(workspace_bytes)});
  }
  /// Throws InvalidPlan for a tensor without an offset, or that would end past the arena.
  void place(std::span<const std::uint64_t> offsets) {
    const BlockId arena = ranges_.back().first;
    if (offsets.size() + 1 != ranges_.size())
      throw InvalidPlan("a place for every tensor is needed, or for none");
    for (TensorId tensor = 0; tensor < offsets.size(); ++tensor) {
      if (offsets[tensor] % kBlockBytes != 0 || blocks_of(offsets[tensor]) + ranges_[tensor].count > arena)
        throw InvalidPlan("tensor " + std::to_string(tensor) + " is placed past the arena");
    }
    for (TensorId tensor = 0; tensor < offsets.size(); ++tensor)
      ranges_[tensor].first = blocks_of(offsets[tensor]);
  }
  [[nodiscard]] BlockRange blocks(TensorId tensor) const { return ranges_.at(tensor); }
  /// The workspace is kept like a tensor; this is its number.
  [[nodiscard]] TensorId workspace() const { return static_cast<TensorId>(ranges_.size() - 1); }
  /// What of the workspace so many bytes take. Throws InvalidPlan if it has less.
  [[nodiscard]] BlockRange workspace_blocks(std::uint64_t bytes) const {
    const BlockRange all = blocks(workspace());
    if (blocks_of(bytes) > all.count) {
      throw InvalidPlan("an op wants " + format_bytes(bytes) + " of workspace, but only " +
                        format_bytes(all.count * kBlockBytes) + " were asked for");
    }
    return {all.first, blocks_of(bytes)};
  }
  /// Of what an op writes: whether it reads it as well, or something in its place. Then its blocks hold what
  /// the op wants to see.
  [[nodiscard]] bool lies_on_read(TensorId tensor, const OpAccess& access) const {
    return std::any_of(access.reads.begin(), access.reads.end(), [&](TensorId read) {
      return blocks(read).first == blocks(tensor).first && blocks(read).count > 0;
    });
  }
  [[nodiscard]] BlockId block_count() const { return block_count_; }
  [[nodiscard]] std::uint64_t bytes() const { return block_count_ * kBlockBytes; }
  [[nodiscard]] std::size_t range_count() const { return ranges_.size(); }

 private:
  void add(BlockRange range) {
    block_count_ = std::max(block_count_, range.end());
    ranges_.push_back(range);
  }

  std::vector<BlockRange> ranges_;
  BlockId block_count_ = 0;
};

}  // namespace octrain::runtime
