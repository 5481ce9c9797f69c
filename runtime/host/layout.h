// Where each tensor lies: every tensor starts on a block of its own, the workspace comes last.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {

using BlockId = std::uint32_t;

struct BlockRange {
  BlockId first = 0;
  BlockId count = 0;
  [[nodiscard]] BlockId end() const { return first + count; }
};

[[nodiscard]] constexpr BlockId blocks_of(std::uint64_t bytes) {
  return static_cast<BlockId>((bytes + kBlockBytes - 1) / kBlockBytes);
}

class Layout {
 public:
  Layout(std::span<const std::uint64_t> tensor_bytes, std::uint64_t workspace_bytes) {
    ranges_.reserve(tensor_bytes.size() + 1);
    for (const std::uint64_t bytes : tensor_bytes) add(bytes);
    add(workspace_bytes);
  }
  [[nodiscard]] BlockRange blocks(TensorId tensor) const { return ranges_.at(tensor); }
  /// The workspace is kept like a tensor; this is its number.
  [[nodiscard]] TensorId workspace() const { return static_cast<TensorId>(ranges_.size() - 1); }
  [[nodiscard]] TensorId tensor_of(BlockId block) const { return tensor_of_[block]; }
  [[nodiscard]] BlockId block_count() const { return static_cast<BlockId>(tensor_of_.size()); }
  [[nodiscard]] std::uint64_t bytes() const { return block_count() * kBlockBytes; }
  [[nodiscard]] std::size_t range_count() const { return ranges_.size(); }

 private:
  void add(std::uint64_t bytes) {
    const BlockRange range{block_count(), blocks_of(bytes)};
    tensor_of_.insert(tensor_of_.end(), range.count, static_cast<TensorId>(ranges_.size()));
    ranges_.push_back(range);
  }

  std::vector<BlockRange> ranges_;
  std::vector<TensorId> tensor_of_;
};

}  // namespace octrain::runtime::host
