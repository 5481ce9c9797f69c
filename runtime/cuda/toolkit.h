// The calls whose form depends on the toolkit (CUDA 11.8, 12 or 13), in this one place.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <span>

namespace octrain::runtime::cuda {

/// Makes the device the calling thread's, with a context that the driver's functions find. Throws CudaError.
void use_device(int device);

/// A part of managed memory.
struct ManagedRange {
  std::byte* address = nullptr;
  std::size_t bytes = 0;
};

// Of managed memory, enqueued on a stream that is not the NULL stream: one call for all ranges where the
// toolkit has such (13), else one a range. Throw CudaError.
//
// No range is given advice: a preferred location on the device protects from no eviction and lets a page
// thrash for ever, remote mappings turn misses into slow reads that nobody sees, and read-only copies are of
// no use to what training writes.

void prefetch_to_device(std::span<const ManagedRange> ranges, int device, cudaStream_t stream);
void prefetch_to_host(std::span<const ManagedRange> ranges, cudaStream_t stream);

/// Contents are dead: they need not be copied any more. False, and nothing done, where the toolkit or the
/// device knows no such thing.
[[nodiscard]] bool discard(std::span<const ManagedRange> ranges, cudaStream_t stream);
/// The same, and pages on the device for what comes next. False: nothing done.
[[nodiscard]] bool discard_and_prefetch(std::span<const ManagedRange> ranges, int device,
                                        cudaStream_t stream);
/// Whether the toolkit has these two.
[[nodiscard]] constexpr bool toolkit_discards() { return CUDART_VERSION >= 13000; }

/// A function of the driver's, as it was since CUDA 10.2, so that nothing has to link the driver's library.
/// Throws DeviceError where the driver has none of that name.
[[nodiscard]] void* driver_function(const char* name);

}  // namespace octrain::runtime::cuda
