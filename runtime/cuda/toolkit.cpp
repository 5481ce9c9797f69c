#include "cuda/toolkit.h"

#include <string>
#include <vector>

#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {

void use_device(int device) {
  check(cudaSetDevice(device), "cudaSetDevice");
  check(cudaFree(nullptr), "cudaFree");  // before CUDA 12, setting a device alone makes no context
}

#if CUDART_VERSION >= 13000

namespace {

/// The calls want arrays that they might write to.
struct Batch {
  explicit Batch(std::span<const ManagedRange> ranges) {
    for (const ManagedRange& range : ranges) {
      addresses.push_back(range.address);
      sizes.push_back(range.bytes);
    }
  }
  std::vector<void*> addresses;
  std::vector<std::size_t> sizes;
};

cudaMemLocation location_of(cudaMemLocationType type, int id) {
  cudaMemLocation location{};
  location.type = type;
  location.id = id;
  return location;
}

void prefetch(std::span<const ManagedRange> ranges, cudaMemLocation to, cudaStream_t stream) {
  Batch batch(ranges);
  std::size_t first = 0;
  check(cudaMemPrefetchBatchAsync(batch.addresses.data(), batch.sizes.data(), batch.sizes.size(), &to, &first,
                                  1, 0, stream),
        "cudaMemPrefetchBatchAsync");
}

bool supported(cudaError_t code, const char* what) {
  if (code == cudaErrorNotSupported) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  check(code, what);
  return true;
}

}  // namespace

void prefetch_to_device(std::span<const ManagedRange> ranges, int device, cudaStream_t stream) {
  prefetch(ranges, location_of(cudaMemLocationTypeDevice, device), stream);
}

void prefetch_to_host(std::span<const ManagedRange> ranges, cudaStream_t stream) {
  prefetch(ranges, location_of(cudaMemLocationTypeHost, 0), stream);
}

bool discard(std::span<const ManagedRange> ranges, cudaStream_t stream) {
  Batch batch(ranges);
  return supported(
      cudaMemDiscardBatchAsync(batch.addresses.data(), batch.sizes.data(), batch.sizes.size(), 0, stream),
      "cudaMemDiscardBatchAsync");
}

bool discard_and_prefetch(std::span<const ManagedRange> ranges, int device, cudaStream_t stream) {
  Batch batch(ranges);
  cudaMemLocation to = location_of(cudaMemLocationTypeDevice, device);
  std::size_t first = 0;
  return supported(cudaMemDiscardAndPrefetchBatchAsync(batch.addresses.data(), batch.sizes.data(),
                                                       batch.sizes.size(), &to, &first, 1, 0, stream),
                   "cudaMemDiscardAndPrefetchBatchAsync");
}

#else

namespace {

void prefetch(std::span<const ManagedRange> ranges, int to, cudaStream_t stream) {
  for (const ManagedRange& range : ranges)
    check(cudaMemPrefetchAsync(range.address, range.bytes, to, stream), "cudaMemPrefetchAsync");
}

}  // namespace

void prefetch_to_device(std::span<const ManagedRange> ranges, int device, cudaStream_t stream) {
  prefetch(ranges, device, stream);
}

void prefetch_to_host(std::span<const ManagedRange> ranges, cudaStream_t stream) {
  prefetch(ranges, cudaCpuDeviceId, stream);
}

bool discard(std::span<const ManagedRange>, cudaStream_t) { return false; }
bool discard_and_prefetch(std::span<const ManagedRange>, int, cudaStream_t) { return false; }

#endif

void* driver_function(const char* name) {
  void* function = nullptr;
#if CUDART_VERSION >= 12050
  constexpr unsigned kSince = 10020;
  cudaDriverEntryPointQueryResult found{};
  check(cudaGetDriverEntryPointByVersion(name, &function, kSince, cudaEnableDefault, &found),
        "cudaGetDriverEntryPointByVersion");
#else
  check(cudaGetDriverEntryPoint(name, &function, cudaEnableDefault), "cudaGetDriverEntryPoint");
#endif
  if (function == nullptr)
    throw DeviceError("the NVIDIA driver has no " + std::string(name) +
                      ", which --mode explicit needs: update the driver or use --mode um");
  return function;
}

}  // namespace octrain::runtime::cuda
