// The CUDA calls of the probe: each checked, and those whose form depends on the toolkit (11, 12 or 13) in
// this one place.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace probe {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kGiB = std::size_t{1} << 30;
// The driver's own unit: advice, discards and evictions work on blocks of it.
constexpr std::size_t kBlockBytes = 2 * kMiB;
constexpr int kDevice = 0;

class CudaFailure : public std::runtime_error {
 public:
  CudaFailure(cudaError_t code, const std::string& call)
      : std::runtime_error(call + ": " + cudaGetErrorString(code)), code_(code) {}
  cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

inline void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) throw CudaFailure(code, call);
}

inline void synchronize() { check(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }

enum class Side { kHost, kDevice };
inline Side other(Side side) { return side == Side::kHost ? Side::kDevice : Side::kHost; }
inline const char* name(Side side) { return side == Side::kHost ? "host" : "device"; }

// A part of an allocation of managed memory.
struct Range {
  char* data;
  std::size_t bytes;
};

#if CUDART_VERSION >= 13000

inline cudaMemLocation location(Side side) {
  cudaMemLocation place{};
  place.type = side == Side::kHost ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice;
  place.id = side == Side::kHost ? 0 : kDevice;
  return place;
}

inline void prefetch(Range range, Side to, cudaStream_t stream) {
  check(cudaMemPrefetchAsync(range.data, range.bytes, location(to), 0, stream), "cudaMemPrefetchAsync");
}

#else

inline int location(Side side) { return side == Side::kHost ? cudaCpuDeviceId : kDevice; }

inline void prefetch(Range range, Side to, cudaStream_t stream) {
  check(cudaMemPrefetchAsync(range.data, range.bytes, location(to), stream), "cudaMemPrefetchAsync");
}

#endif

inline void advise(Range range, cudaMemoryAdvise advice, Side side) {
  check(cudaMemAdvise(range.data, range.bytes, advice, location(side)), "cudaMemAdvise");
}

// Ranges for one call of the batch forms. These want a stream of their own: the NULL stream is refused.
struct Batch {
  std::vector<void*> starts;
  std::vector<std::size_t> sizes;
};

inline Batch split(Range range, std::size_t part_bytes) {
  Batch batch;
  for (std::size_t at = 0; at < range.bytes; at += part_bytes) {
    batch.starts.push_back(range.data + at);
    batch.sizes.push_back(part_bytes);
  }
  return batch;
}

#if CUDART_VERSION >= 13000

inline void prefetch_batch(Batch& batch, Side to, cudaStream_t stream) {
  cudaMemLocation place = location(to);
  std::size_t from_first = 0;
  check(cudaMemPrefetchBatchAsync(batch.starts.data(), batch.sizes.data(), batch.starts.size(), &place,
                                  &from_first, 1, 0, stream),
        "cudaMemPrefetchBatchAsync");
}

inline void discard(Batch& batch, cudaStream_t stream) {
  check(cudaMemDiscardBatchAsync(batch.starts.data(), batch.sizes.data(), batch.starts.size(), 0, stream),
        "cudaMemDiscardBatchAsync");
}

inline void discard_and_prefetch(Batch& batch, Side to, cudaStream_t stream) {
  cudaMemLocation place = location(to);
  std::size_t from_first = 0;
  check(cudaMemDiscardAndPrefetchBatchAsync(batch.starts.data(), batch.sizes.data(), batch.starts.size(),
                                            &place, &from_first, 1, 0, stream),
        "cudaMemDiscardAndPrefetchBatchAsync");
}

#else

// Older toolkits answer as an older driver does, so that a case that needs these calls is left out in one
// way only.
inline void prefetch_batch(Batch&, Side, cudaStream_t) {
  throw CudaFailure(cudaErrorNotSupported, "cudaMemPrefetchBatchAsync, built without CUDA 13");
}
inline void discard(Batch&, cudaStream_t) {
  throw CudaFailure(cudaErrorNotSupported, "cudaMemDiscardBatchAsync, built without CUDA 13");
}
inline void discard_and_prefetch(Batch&, Side, cudaStream_t) {
  throw CudaFailure(cudaErrorNotSupported, "cudaMemDiscardAndPrefetchBatchAsync, built without CUDA 13");
}

#endif

}  // namespace probe
