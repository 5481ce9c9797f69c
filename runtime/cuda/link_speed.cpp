#include "octrain/runtime/cuda/link_speed.h"

#include <algorithm>

#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

constexpr std::uint64_t kBytes = 64 * kMiB;
constexpr int kCopies = 3;  // the first one wakes the link

double copy_speed(void* to, const void* from, cudaMemcpyKind kind, cudaStream_t stream) {
  const Event begun = make_timed_event(), ended = make_timed_event();
  double best = 0;
  for (int copy = 0; copy < kCopies; ++copy) {
    check(cudaEventRecord(begun.get(), stream), "cudaEventRecord");
    check(cudaMemcpyAsync(to, from, kBytes, kind, stream), "cudaMemcpyAsync");
    check(cudaEventRecord(ended.get(), stream), "cudaEventRecord");
    check(cudaEventSynchronize(ended.get()), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begun.get(), ended.get()), "cudaEventElapsedTime");
    best = std::max(best,
                    static_cast<double>(kBytes) / std::max(1e-6, static_cast<double>(milliseconds) * 1e-3));
  }
  return best;
}

}  // namespace

LinkSpeed measure_link(int device) {
  use_device(device);
  const Stream stream = make_stream();
  const DeviceBuffer there = make_device_buffer(kBytes);
  const PinnedBuffer here = make_pinned_buffer(kBytes);
  return {copy_speed(there.data(), here.data(), cudaMemcpyHostToDevice, stream.get()),
          copy_speed(here.data(), there.data(), cudaMemcpyDeviceToHost, stream.get())};
}

}  // namespace octrain::runtime::cuda
