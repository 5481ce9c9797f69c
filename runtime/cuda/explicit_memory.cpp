#include "cuda/explicit_memory.h"

#include <algorithm>

#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"
#include "src/ram.h"

namespace octrain::runtime::cuda {
namespace {

PinnedBuffer pinned(std::uint64_t bytes) {
  const std::uint64_t available = available_ram_bytes();
  if (bytes > available) {
    throw OutOfDeviceMemory("mode explicit pins " + format_bytes(bytes) + " of RAM, but " +
                                format_bytes(available) + " are available; use a smaller batch or --mode um",
                            bytes - available);
  }
  return make_pinned_buffer(bytes);
}

}  // namespace

ExplicitMemory::ExplicitMemory(BlockId blocks, BlockId host_blocks, BlockId pages, int device)
    : host_(pinned(std::max<BlockId>(host_blocks, 1) * kBlockBytes)), device_(blocks, pages, device) {}

std::byte* ExplicitMemory::host_address(BlockId block) const { return host_.data() + block * kBlockBytes; }

void ExplicitMemory::begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) {
  for (const BlockRange& range : ranges) {
    if (takes_room(lane)) device_.map(range);
    if (lane == Lane::drop) device_.unmap(range);
    std::byte* const on_device = device_address(range.first);
    if (lane == Lane::in) {
      check(cudaMemcpyAsync(on_device, host_address(range.first), range.count * kBlockBytes,
                            cudaMemcpyHostToDevice, stream),
            "cudaMemcpyAsync (to the device)");
    } else if (lane == Lane::out) {
      check(cudaMemcpyAsync(host_address(range.first), on_device, range.count * kBlockBytes,
                            cudaMemcpyDeviceToHost, stream),
            "cudaMemcpyAsync (to the host)");
    }
  }
}

void ExplicitMemory::end(Lane lane, std::span<const BlockRange> ranges) {
  if (lane != Lane::out) return;
  for (const BlockRange& range : ranges) device_.unmap(range);
}

}  // namespace octrain::runtime::cuda
