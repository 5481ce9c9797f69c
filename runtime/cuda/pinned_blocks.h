// Pinned memory for blocks, that is there where it is used.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>

#include "cuda/orders.h"
#include "octrain/runtime/cuda/handles.h"
#include "src/layout.h"

namespace octrain::runtime::cuda {

/// Pinning takes milliseconds. So whoever needs a chunk first pins it, as a whole and once for all: in the
/// first iteration, since the later ones move the same. What never lies on the host takes no RAM.
class PinnedBlocks {
 public:
  explicit PinnedBlocks(BlockId blocks);

  /// Where the block lies; with the ones behind it up to side_by_side(). For any thread. Throws
  /// OutOfDeviceMemory with the shortfall, CudaError.
  [[nodiscard]] std::byte* address(BlockId block);
  /// The first part of the range, whose blocks lie side by side.
  [[nodiscard]] static BlockRange side_by_side(BlockRange range) {
    return {range.first, std::min(range.count, kChunkBlocks - range.first % kChunkBlocks)};
  }

 private:
  static constexpr BlockId kChunkBlocks = kBlocksOfACopy;
  struct Chunk {
    std::once_flag pinned;
    PinnedBuffer memory;
  };

  BlockId blocks_;
  std::unique_ptr<Chunk[]> chunks_;
};

}  // namespace octrain::runtime::cuda
