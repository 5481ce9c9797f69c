#include "octrain/runtime/cuda/cuda_space.h"

#include <algorithm>
#include <utility>

#include "cuda/arena.h"
#include "cuda/block_space.h"
#include "cuda/explicit_memory.h"
#include "cuda/incore_space.h"
#include "cuda/managed_memory.h"
#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

std::uint64_t free_device_bytes() {
  std::size_t free_bytes = 0, total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  return free_bytes;
}

void require(std::uint64_t needed, std::uint64_t there, const std::string& what, const char* remedy) {
  if (needed <= there) return;
  throw OutOfDeviceMemory(
      what + " takes " + format_bytes(needed) + ", but the device has " + format_bytes(there) + remedy,
      needed - there);
}

std::unique_ptr<MemorySpace> make_incore(Layout layout, const CudaSpaceOptions& options) {
  constexpr const char* kRemedy = "; use --mode um";
  if (options.device_bytes > 0) require(layout.bytes(), options.device_bytes, "in core the model", kRemedy);
  const std::uint64_t free_bytes = free_device_bytes();
  require(with_boundary(layout.bytes()), free_bytes, "in core the model", kRemedy);
  return std::make_unique<IncoreSpace>(std::move(layout), options.compute);
}

BlockId budget_blocks(const Layout& layout, std::uint64_t device_bytes) {
  const std::uint64_t blocks = device_bytes / kBlockBytes;
  if (blocks == 0) {
    throw OutOfDeviceMemory("the CUDA backend needs at least " + format_bytes(kBlockBytes) +
                                " of device memory, not " + format_bytes(device_bytes),
                            kBlockBytes - device_bytes);
  }
  return static_cast<BlockId>(std::min<std::uint64_t>(blocks, std::max<BlockId>(layout.block_count(), 1)));
}

std::unique_ptr<BlockMemory> make_memory(const Layout& layout, BlockId limit,
                                         const CudaSpaceOptions& options) {
  const BlockId blocks = std::max<BlockId>(layout.block_count(), 1);
  if (options.kind == Kind::managed) return std::make_unique<ManagedMemory>(blocks, options.device);
  const std::uint64_t free_bytes = free_device_bytes();
  require(limit * kBlockBytes, free_bytes, "the device memory of mode explicit",
          "; give less --device-memory");
  return std::make_unique<ExplicitMemory>(blocks, layout.blocks(layout.workspace()).first, limit,
                                          options.device);
}

}  // namespace

std::unique_ptr<MemorySpace> make_cuda_space(std::span<const std::uint64_t> tensor_bytes,
                                             const CudaSpaceOptions& options) {
  use_device(options.device);
  Layout layout(tensor_bytes, options.arena_offsets, options.workspace_bytes, options.arena_bytes);
  if (options.kind == Kind::incore) return make_incore(std::move(layout), options);
  const BlockId limit = budget_blocks(layout, options.device_bytes);
  auto memory = make_memory(layout, limit, options);
  const bool managed = options.kind == Kind::managed;
  return std::make_unique<BlockSpace>(BlockSpace::Parts{.layout = std::move(layout),
                                                        .memory = std::move(memory),
                                                        .limit = limit,
                                                        .demand_only = options.demand_only,
                                                        .device = options.device,
                                                        .compute = options.compute,
                                                        .driver = managed ? options.driver : nullptr});
}

}  // namespace octrain::runtime::cuda
