#include "octrain/runtime/cuda/handles.h"

#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

Event event_with(unsigned flags) {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
  return Event(event);
}

}  // namespace

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return Stream(stream);
}

Event make_event() { return event_with(cudaEventDisableTiming | cudaEventBlockingSync); }
Event make_timed_event() { return event_with(cudaEventBlockingSync); }

DeviceBuffer make_device_buffer(std::uint64_t bytes) {
  void* data = nullptr;
  check(cudaMalloc(&data, bytes), "cudaMalloc", bytes);
  return {data, bytes};
}

PinnedBuffer make_pinned_buffer(std::uint64_t bytes) {
  void* data = nullptr;
  check_asked(cudaHostAlloc(&data, bytes, cudaHostAllocDefault), "cudaHostAlloc", bytes);
  return {data, bytes};
}

}  // namespace octrain::runtime::cuda
