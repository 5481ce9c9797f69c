// Blocks that have device pages only while they are to be used, and whose contents are copied from and to
// pinned memory. docs/decisions/0012-explicit-maps-device-pages.md says why pages are mapped.
#pragma once

#include "cuda/block_memory.h"
#include "cuda/pinned_blocks.h"
#include "cuda/virtual_memory.h"

namespace octrain::runtime::cuda {

class ExplicitMemory final : public BlockMemory {
 public:
  /// The first `host_blocks` of the blocks may go to the host. Throws OutOfDeviceMemory, with the shortfall,
  /// for what neither the device nor the RAM holds; so do begin() and host_address() when the RAM is used up.
  ExplicitMemory(BlockId blocks, BlockId host_blocks, BlockId pages, int device);

  void begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) override;
  void end(Lane lane, std::span<const BlockRange> ranges) override;
  [[nodiscard]] std::byte* device_address(BlockId block) const override { return device_.address(block); }
  [[nodiscard]] std::byte* host_address(BlockId block) override { return host_.address(block); }
  [[nodiscard]] bool keeps_host_copy() const override { return true; }
  [[nodiscard]] bool serves_faults() const override { return false; }
  [[nodiscard]] std::size_t depth() const override { return 2; }  // pages change while contents are copied
  [[nodiscard]] std::string description() const override { return "mapped device pages, pinned copies"; }

 private:
  void copy(Lane lane, BlockRange range, cudaStream_t stream);

  PinnedBlocks host_;
  VirtualMemory device_;
};

}  // namespace octrain::runtime::cuda
