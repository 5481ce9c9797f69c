// The batch calls of CUDA 13.
#include "fake_cuda/hints.h"

#if CUDART_VERSION >= 13000

namespace octrain::fake_cuda {
namespace {

struct Batch {
  void** addresses = nullptr;
  std::size_t* sizes = nullptr;
  std::size_t count = 0;
  bool discards = false;
  bool prefetches = false;
  cudaMemLocation* locations = nullptr;
  std::size_t* first_of_location = nullptr;
  std::size_t location_count = 0;
  unsigned long long flags = 0;
};

/// Whether the locations' first indices are 0, rising, and below the count, as CUDA wants them.
bool are_in_order(const Batch& batch) {
  if (batch.locations == nullptr || batch.first_of_location == nullptr || batch.location_count == 0)
    return false;
  if (batch.first_of_location[0] != 0) return false;
  for (std::size_t i = 1; i < batch.location_count; ++i)
    if (batch.first_of_location[i] <= batch.first_of_location[i - 1]) return false;
  return batch.first_of_location[batch.location_count - 1] < batch.count;
}

std::vector<Hint> hints_of(const World& world, const Batch& batch) {
  std::vector<Hint> hints;
  std::size_t location = 0;
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (location + 1 < batch.location_count && batch.first_of_location[location + 1] == i) ++location;
    const Touch to = batch.prefetches ? towards(world, batch.locations[location]) : Touch::kNone;
    hints.push_back({{batch.addresses[i], batch.sizes[i]}, to, batch.discards});
  }
  return hints;
}

cudaError_t run_batch(const char* name, cudaStream_t handle, const Batch& batch) {
  if (handle == nullptr || handle == cudaStreamLegacy)
    return run_call(name, [](const Frame& frame) {
      frame.world.journal.violate(Defect::kBatchOnNull, frame.call, "a batch must not go to the NULL stream");
      return cudaErrorInvalidValue;
    });
  return run_on_stream(name, handle, [&](const Frame& frame, Stream& stream) {
    const Options& options = frame.world.options;
    if (!options.concurrent_managed_access || (batch.discards && !options.discard))
      return cudaErrorNotSupported;
    if (batch.addresses == nullptr || batch.sizes == nullptr || batch.count == 0 || batch.flags != 0)
      return cudaErrorInvalidValue;
    if (batch.prefetches && !are_in_order(batch)) return cudaErrorInvalidValue;
    const std::vector<Hint> hints = hints_of(frame.world, batch);
    for (const Hint& hint : hints)
      if (batch.prefetches && hint.to == Touch::kNone) return cudaErrorInvalidDevice;
    return give_hints(frame, stream, hints);
  });
}

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

cudaError_t cudaMemPrefetchBatchAsync(void** dptrs, size_t* sizes, size_t count,
                                      cudaMemLocation* prefetchLocs, size_t* prefetchLocIdxs,
                                      size_t numPrefetchLocs, unsigned long long flags, cudaStream_t stream) {
  return run_batch("cudaMemPrefetchBatchAsync", stream,
                   {dptrs, sizes, count, false, true, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags});
}

cudaError_t cudaMemDiscardBatchAsync(void** dptrs, size_t* sizes, size_t count, unsigned long long flags,
                                     cudaStream_t stream) {
  return run_batch("cudaMemDiscardBatchAsync", stream,
                   {dptrs, sizes, count, true, false, nullptr, nullptr, 0, flags});
}

cudaError_t cudaMemDiscardAndPrefetchBatchAsync(void** dptrs, size_t* sizes, size_t count,
                                                cudaMemLocation* prefetchLocs, size_t* prefetchLocIdxs,
                                                size_t numPrefetchLocs, unsigned long long flags,
                                                cudaStream_t stream) {
  return run_batch("cudaMemDiscardAndPrefetchBatchAsync", stream,
                   {dptrs, sizes, count, true, true, prefetchLocs, prefetchLocIdxs, numPrefetchLocs, flags});
}

}  // extern "C"

#endif
