// What the tests of the fake runtime share: it starts anew for each, and must end without leak and with the
// violations that the test expects, none if it says nothing.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "fake_cuda/fake_cuda.h"

namespace octrain::fake_cuda {

inline void PrintTo(const Violation& violation, std::ostream* stream) { *stream << violation.text; }

/// One thread raises it for another, and does not touch it after that.
class Flag {
 public:
  void raise() { raised_ = true; }
  void wait() const {
    while (!raised_) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

 private:
  std::atomic<bool> raised_ = false;
};

class FakeCuda : public testing::Test {
 protected:
  void SetUp() override { reset(); }
  void TearDown() override {
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    for (const cudaStream_t stream : streams_) EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    for (const cudaEvent_t event : events_) EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
    for (void* memory : memory_) EXPECT_EQ(cudaFree(memory), cudaSuccess);
    for (void* memory : pinned_) EXPECT_EQ(cudaFreeHost(memory), cudaSuccess);
    EXPECT_THAT(leaks(), testing::IsEmpty());
    EXPECT_EQ(defects(), expected_) << violations_text();
  }

  /// Anew, and otherwise than by default.
  void restart(const Options& options) {
    streams_.clear();
    events_.clear();
    memory_.clear();
    pinned_.clear();
    reset(options);
  }
  void expect(Defect defect, std::size_t times = 1) { expected_.insert(expected_.end(), times, defect); }
  [[nodiscard]] static std::vector<Defect> defects() {
    std::vector<Defect> defects;
    for (const Violation& violation : violations()) defects.push_back(violation.defect);
    return defects;
  }

  [[nodiscard]] static std::string first_violation() {
    const std::vector<Violation> all = violations();
    return all.empty() ? std::string() : all.front().text;
  }

  cudaStream_t stream(unsigned int flags = cudaStreamNonBlocking) {
    EXPECT_EQ(cudaStreamCreateWithFlags(&streams_.emplace_back(), flags), cudaSuccess);
    return streams_.back();
  }
  cudaEvent_t event(unsigned int flags = cudaEventDisableTiming) {
    EXPECT_EQ(cudaEventCreateWithFlags(&events_.emplace_back(), flags), cudaSuccess);
    return events_.back();
  }
  std::byte* managed(std::uint64_t bytes) {
    EXPECT_EQ(cudaMallocManaged(&memory_.emplace_back(), bytes, cudaMemAttachGlobal), cudaSuccess);
    return static_cast<std::byte*>(memory_.back());
  }
  std::byte* device(std::uint64_t bytes) {
    EXPECT_EQ(cudaMalloc(&memory_.emplace_back(), bytes), cudaSuccess);
    return static_cast<std::byte*>(memory_.back());
  }
  std::byte* pinned(std::uint64_t bytes) {
    EXPECT_EQ(cudaHostAlloc(&pinned_.emplace_back(), bytes, cudaHostAllocDefault), cudaSuccess);
    return static_cast<std::byte*>(pinned_.back());
  }

  /// What comes on `to` now runs after what is on `from` now.
  void order(cudaStream_t from, cudaStream_t to) {
    const cudaEvent_t edge = event();
    EXPECT_EQ(cudaEventRecord(edge, from), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(to, edge, 0), cudaSuccess);
  }
  /// Waits for the stream's work so that the fake does not notice.
  static void wait_unseen(cudaStream_t stream) {
    Flag done;
    EXPECT_EQ(launch(stream, {}, {}, [&] { done.raise(); }), cudaSuccess);
    done.wait();
  }

#if CUDART_VERSION >= 13000
  static constexpr cudaMemLocation kToDevice{cudaMemLocationTypeDevice, 0};
  static constexpr cudaMemLocation kToHost{cudaMemLocationTypeHost, 0};
  static cudaError_t try_prefetch(const void* address, std::uint64_t bytes, cudaMemLocation to,
                                  cudaStream_t stream) {
    return cudaMemPrefetchAsync(address, bytes, to, 0, stream);
  }
  static void discard(void* address, std::size_t bytes, cudaStream_t stream) {
    EXPECT_EQ(cudaMemDiscardBatchAsync(&address, &bytes, 1, 0, stream), cudaSuccess);
  }
#else
  static constexpr int kToDevice = 0;
  static constexpr int kToHost = cudaCpuDeviceId;
  static cudaError_t try_prefetch(const void* address, std::uint64_t bytes, int to, cudaStream_t stream) {
    return cudaMemPrefetchAsync(address, bytes, to, stream);
  }
#endif
  static void bring(const void* address, std::uint64_t bytes, cudaStream_t stream) {
    EXPECT_EQ(try_prefetch(address, bytes, kToDevice, stream), cudaSuccess);
  }
  static void send(const void* address, std::uint64_t bytes, cudaStream_t stream) {
    EXPECT_EQ(try_prefetch(address, bytes, kToHost, stream), cudaSuccess);
  }
  /// Kernels that touch nothing but in the account.
  static void read(const void* address, std::uint64_t bytes, cudaStream_t stream) {
    EXPECT_EQ(launch(stream, {{address, bytes}}, {}, [] {}), cudaSuccess);
  }
  static void write(const void* address, std::uint64_t bytes, cudaStream_t stream) {
    EXPECT_EQ(launch(stream, {}, {{address, bytes}}, [] {}), cudaSuccess);
  }

 private:
  std::vector<Defect> expected_;
  std::vector<cudaStream_t> streams_;
  std::vector<cudaEvent_t> events_;
  std::vector<void*> memory_;
  std::vector<void*> pinned_;
};

}  // namespace octrain::fake_cuda
