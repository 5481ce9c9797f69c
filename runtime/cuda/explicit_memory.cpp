#include "cuda/explicit_memory.h"

#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"
#include "src/ram.h"

namespace octrain::runtime::cuda {
namespace {

/// What can be on the device or in RAM when all of it is alive.
BlockId checked(BlockId host_blocks, BlockId pages) {
  const std::uint64_t bytes = host_blocks * kBlockBytes;
  const std::uint64_t available = available_ram_bytes() + pages * kBlockBytes;
  if (bytes <= available) return host_blocks;
  throw OutOfDeviceMemory("mode explicit has " + format_bytes(bytes) +
                              " to lay out, but device memory and RAM are " + format_bytes(available) +
                              "; use a smaller batch or --mode um",
                          bytes - available);
}

}  // namespace

ExplicitMemory::ExplicitMemory(BlockId blocks, BlockId host_blocks, BlockId pages, int device)
    : host_(checked(host_blocks, pages)), device_(blocks, pages, device) {}

void ExplicitMemory::begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) {
  for (const BlockRange& range : ranges) {
    if (takes_room(lane)) device_.map(range);
    if (lane == Lane::drop) device_.unmap(range);
    if (lane == Lane::in || lane == Lane::out) copy(lane, range, stream);
  }
}

void ExplicitMemory::copy(Lane lane, BlockRange range, cudaStream_t stream) {
  while (range.count > 0) {
    const BlockRange part = PinnedBlocks::side_by_side(range);
    std::byte *const there = device_address(part.first), *const here = host_address(part.first);
    const std::uint64_t bytes = part.count * kBlockBytes;
    if (lane == Lane::in) {
      check(cudaMemcpyAsync(there, here, bytes, cudaMemcpyHostToDevice, stream),
            "cudaMemcpyAsync (to the device)");
    } else {
      check(cudaMemcpyAsync(here, there, bytes, cudaMemcpyDeviceToHost, stream),
            "cudaMemcpyAsync (to the host)");
    }
    range = {part.end(), range.count - part.count};
  }
}

void ExplicitMemory::end(Lane lane, std::span<const BlockRange> ranges) {
  if (lane != Lane::out) return;
  for (const BlockRange& range : ranges) device_.unmap(range);
}

}  // namespace octrain::runtime::cuda
