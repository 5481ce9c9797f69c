// Everything the probe allocates: freed when it leaves scope, and managed memory only through one gate. A
// card can hang when more managed memory is asked of it than it has free, so the gate looks before each
// allocation.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cuda_api.h"

namespace probe {

// The first failure to free something. Destructors cannot throw: main() reports it.
inline std::string release_failure;

inline bool released(cudaError_t code, const char* call) {
  if (code != cudaSuccess && release_failure.empty()) {
    release_failure = std::string(call) + ": " + cudaGetErrorString(code);
  }
  return code == cudaSuccess;
}

// What OCTRAIN_MANAGED_LIMIT says: bytes, at most 8 GiB, and without it nothing starts.
inline std::size_t managed_limit_from_environment() {
  const char* text = std::getenv("OCTRAIN_MANAGED_LIMIT");
  if (text == nullptr) throw std::runtime_error("OCTRAIN_MANAGED_LIMIT (bytes) is not set");
  std::size_t bytes = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, bytes);
  if (parsed.ec != std::errc() || parsed.ptr != end || bytes == 0 || bytes > 8 * kGiB) {
    throw std::runtime_error("OCTRAIN_MANAGED_LIMIT is '" + std::string(text) +
                             "': bytes are expected, at most 8589934592");
  }
  return bytes;
}

inline std::size_t free_device_bytes() {
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  return free_bytes;
}

// The account of managed memory that is alive.
class Ledger {
 public:
  explicit Ledger(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Half of what is free now, which no longer counts what is resident already: on the careful side. Plain
  // device memory asks too, since it takes room from the managed memory that is alive.
  void check_room(std::size_t bytes) const {
    const std::size_t half_bytes = free_device_bytes() / 2;
    if (bytes > half_bytes || managed_bytes_ > half_bytes - bytes) {
      throw std::runtime_error(std::to_string(bytes) + " bytes more than " + std::to_string(managed_bytes_) +
                               " of managed memory pass half of the device's free memory");
    }
  }

  void take_managed(std::size_t bytes) {
    if (bytes > limit_bytes_ || managed_bytes_ > limit_bytes_ - bytes) {
      throw std::runtime_error(std::to_string(bytes) + " bytes more than " + std::to_string(managed_bytes_) +
                               " of managed memory pass OCTRAIN_MANAGED_LIMIT, " +
                               std::to_string(limit_bytes_));
    }
    check_room(bytes);
    managed_bytes_ += bytes;
    peak_bytes_ = std::max(peak_bytes_, managed_bytes_);
  }

  void give_back_managed(std::size_t bytes) { managed_bytes_ -= bytes; }
  std::size_t limit_bytes() const { return limit_bytes_; }
  std::size_t peak_bytes() const { return peak_bytes_; }

 private:
  std::size_t limit_bytes_;
  std::size_t managed_bytes_ = 0;
  std::size_t peak_bytes_ = 0;
};

// Managed memory that starts on a block of the driver. The only place that allocates any.
class Managed {
 public:
  Managed(Ledger& ledger, std::size_t bytes)
      : ledger_(ledger), bytes_(bytes), taken_bytes_(bytes + kBlockBytes) {
    ledger_.take_managed(taken_bytes_);
    const cudaError_t code = cudaMallocManaged(&allocation_, taken_bytes_, cudaMemAttachGlobal);
    if (code != cudaSuccess) ledger_.give_back_managed(taken_bytes_);
    check(code, "cudaMallocManaged");
  }
  ~Managed() {
    if (released(cudaFree(allocation_), "cudaFree")) ledger_.give_back_managed(taken_bytes_);
  }
  Managed(const Managed&) = delete;
  Managed& operator=(const Managed&) = delete;

  Range range() const {
    const auto start = reinterpret_cast<std::uintptr_t>(allocation_);
    const std::uintptr_t past = start % kBlockBytes;
    return {static_cast<char*>(allocation_) + (past == 0 ? 0 : kBlockBytes - past), bytes_};
  }
  Range first(std::size_t bytes) const { return {range().data, bytes}; }

 private:
  Ledger& ledger_;
  std::size_t bytes_;
  std::size_t taken_bytes_;
  void* allocation_ = nullptr;
};

// A pinned host buffer and a plain device buffer, for the copies that prefetches are compared with.
class CopyPair {
 public:
  CopyPair(const Ledger& ledger, std::size_t bytes) : host_(bytes), device_(ledger, bytes) {
    std::memset(host_.data, 0, bytes);
  }
  void copy(Side to, std::size_t bytes, cudaStream_t stream) const {
    if (to == Side::kDevice) {
      check(cudaMemcpyAsync(device_.data, host_.data, bytes, cudaMemcpyHostToDevice, stream),
            "cudaMemcpyAsync");
    } else {
      check(cudaMemcpyAsync(host_.data, device_.data, bytes, cudaMemcpyDeviceToHost, stream),
            "cudaMemcpyAsync");
    }
  }

 private:
  struct Pinned {
    explicit Pinned(std::size_t bytes) { check(cudaMallocHost(&data, bytes), "cudaMallocHost"); }
    ~Pinned() { released(cudaFreeHost(data), "cudaFreeHost"); }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;
    void* data = nullptr;
  };
  struct Plain {
    Plain(const Ledger& ledger, std::size_t bytes) {
      ledger.check_room(bytes);
      check(cudaMalloc(&data, bytes), "cudaMalloc");
    }
    ~Plain() { released(cudaFree(data), "cudaFree"); }
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    void* data = nullptr;
  };
  Pinned host_;
  Plain device_;
};

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  ~Stream() { released(cudaStreamDestroy(stream_), "cudaStreamDestroy"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace probe
