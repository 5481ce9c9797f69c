#include "cuda/pinned_blocks.h"

#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"
#include "src/ram.h"

namespace octrain::runtime::cuda {
namespace {

PinnedBuffer pinned(std::uint64_t bytes) {
  const std::uint64_t available = available_ram_bytes();
  if (bytes > available) {
    throw OutOfDeviceMemory("mode explicit is to pin another " + format_bytes(bytes) + " of RAM, but " +
                                format_bytes(available) + " are available; use a smaller batch or --mode um",
                            bytes - available);
  }
  return make_pinned_buffer(bytes);
}

}  // namespace

PinnedBlocks::PinnedBlocks(BlockId blocks)
    : blocks_(blocks), chunks_(std::make_unique<Chunk[]>((blocks + kChunkBlocks - 1) / kChunkBlocks)) {}

std::byte* PinnedBlocks::address(BlockId block) {
  const BlockId number = block / kChunkBlocks, first = number * kChunkBlocks;
  Chunk& chunk = chunks_[number];
  std::call_once(chunk.pinned, [&] {
    chunk.memory = pinned(std::uint64_t{std::min(kChunkBlocks, blocks_ - first)} * kBlockBytes);
  });
  return chunk.memory.data() + std::uint64_t{block - first} * kBlockBytes;
}

}  // namespace octrain::runtime::cuda
