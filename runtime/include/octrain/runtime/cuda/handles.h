// Owners of what the CUDA runtime lends: streams, events, memory. Move-only; destructors never throw.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace octrain::runtime::cuda {

template <class Value, cudaError_t (*kRelease)(Value)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(Value value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, Value{})) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    // What cannot be given back now never can; and no later launch is to be blamed for it.
    if (value_ != Value{} && kRelease(value_) != cudaSuccess) static_cast<void>(cudaGetLastError());
  }
  [[nodiscard]] Value get() const { return value_; }
  explicit operator bool() const { return value_ != Value{}; }

 private:
  Value value_{};
};

using Stream = Handle<cudaStream_t, cudaStreamDestroy>;
using Event = Handle<cudaEvent_t, cudaEventDestroy>;
using Graph = Handle<cudaGraph_t, cudaGraphDestroy>;
using ExecutableGraph = Handle<cudaGraphExec_t, cudaGraphExecDestroy>;

/// Memory of `bytes()` bytes.
template <cudaError_t (*kRelease)(void*)>
class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, std::uint64_t bytes) : memory_(data), bytes_(bytes) {}
  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(memory_.get()); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Handle<void*, kRelease> memory_;
  std::uint64_t bytes_ = 0;
};

using DeviceBuffer = Buffer<cudaFree>;
using PinnedBuffer = Buffer<cudaFreeHost>;

// All below throw OutOfDeviceMemory (with the shortfall, of memory) or CudaError.

/// Does not wait for the NULL stream, nor that for it.
[[nodiscard]] Stream make_stream();
/// Without time, for order alone; who waits for it sleeps.
[[nodiscard]] Event make_event();
/// With the time at which it was reached.
[[nodiscard]] Event make_timed_event();
[[nodiscard]] DeviceBuffer make_device_buffer(std::uint64_t bytes);
[[nodiscard]] PinnedBuffer make_pinned_buffer(std::uint64_t bytes);

}  // namespace octrain::runtime::cuda
