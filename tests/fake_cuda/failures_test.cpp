#include <algorithm>
#include <string>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeFailures = FakeCuda;

TEST_F(FakeFailures, TheNthCallFailsOnceAndHasNoEffect) {
  fail_call(2, cudaErrorMemoryAllocation);
  std::byte* first = device(64);
  EXPECT_TRUE(failure_pending());
  void* second = first;
  EXPECT_EQ(cudaMalloc(&second, 64), cudaErrorMemoryAllocation);
  EXPECT_EQ(second, first);
  EXPECT_FALSE(failure_pending());
  EXPECT_EQ(leaks().size(), 1U);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(log().back().result, cudaErrorMemoryAllocation);
  device(64);
}

TEST_F(FakeFailures, OnlyCallsOfTheName) {
  fail_call(2, cudaErrorUnknown, "launch");
  const cudaStream_t one = stream();
  int ran = 0;
  EXPECT_EQ(launch(one, {}, {}, [&] { ++ran; }), cudaSuccess);
  EXPECT_EQ(launch(one, {}, {}, [&] { ++ran; }), cudaErrorUnknown);
  EXPECT_EQ(launch(one, {}, {}, [&] { ++ran; }), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(ran, 2);
}

TEST_F(FakeFailures, WhoWaitsHasWaited) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(kBlockBytes);
  int ran = 0;
  EXPECT_EQ(launch(one, {}, {{memory, 8}}, [&] { ++ran; }), cudaSuccess);
  fail_call(1, cudaErrorUnknown);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaErrorUnknown);
  EXPECT_EQ(ran, 1);
  host_access({{memory, 8}}, {});
}

TEST_F(FakeFailures, ALostContextStaysLost) {
  void* memory = nullptr;
  cudaStream_t one = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  EXPECT_EQ(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), cudaSuccess);
  int ran = 0;
  EXPECT_EQ(launch(one, {}, {{memory, 64}}, [&] { ++ran; }), cudaSuccess);
  fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");
  EXPECT_EQ(cudaStreamSynchronize(one), cudaErrorIllegalAddress);
  EXPECT_EQ(launch(one, {}, {}, [&] { ++ran; }), cudaErrorIllegalAddress);
  EXPECT_EQ(ran, 1);
  void* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 64), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaFree(memory), cudaErrorIllegalAddress);
  EXPECT_EQ(leaks().size(), 1U) << "the stream, which nobody has tried to destroy";
  EXPECT_EQ(cudaStreamDestroy(one), cudaErrorIllegalAddress);
  EXPECT_THAT(leaks(), testing::IsEmpty());
  int version = 0;
  EXPECT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess) << "asks no device";
  reset();
  device(64);
}

TEST_F(FakeFailures, WhatCouldNotBeGivenBackIsNoLeak) {
  void* memory = nullptr;
  void* host = nullptr;
  cudaStream_t one = nullptr;
  cudaEvent_t mark = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  EXPECT_EQ(cudaHostAlloc(&host, 64, cudaHostAllocDefault), cudaSuccess);
  EXPECT_EQ(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_EQ(cudaEventCreateWithFlags(&mark, cudaEventDefault), cudaSuccess);
  EXPECT_EQ(leaks().size(), 4U);
  const auto fail = [](const char* name) { fail_call(1, cudaErrorUnknown, name); };
  fail("cudaFree");
  EXPECT_EQ(cudaFree(memory), cudaErrorUnknown);
  fail("cudaFreeHost");
  EXPECT_EQ(cudaFreeHost(host), cudaErrorUnknown);
  fail("cudaStreamDestroy");
  EXPECT_EQ(cudaStreamDestroy(one), cudaErrorUnknown);
  fail("cudaEventDestroy");
  EXPECT_EQ(cudaEventDestroy(mark), cudaErrorUnknown);
  EXPECT_THAT(leaks(), testing::IsEmpty());
}

/// Allocates, works on two streams and gives all back; stops at the first error, which it answers.
class Scenario {
 public:
  cudaError_t run() {
    work();
    if (one_ != nullptr) note(cudaStreamSynchronize(one_));
    if (other_ != nullptr) note(cudaStreamSynchronize(other_));
    if (mark_ != nullptr) note(cudaEventDestroy(mark_));
    if (one_ != nullptr) note(cudaStreamDestroy(one_));
    if (other_ != nullptr) note(cudaStreamDestroy(other_));
    if (memory_ != nullptr) note(cudaFree(memory_));
    if (buffer_ != nullptr) note(cudaFreeHost(buffer_));
    return error_;
  }

 private:
  bool note(cudaError_t error) {
    if (error_ == cudaSuccess) error_ = error;
    return error == cudaSuccess;
  }
  void work() {
    if (!note(cudaStreamCreateWithFlags(&one_, cudaStreamNonBlocking))) return;
    if (!note(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking))) return;
    if (!note(cudaEventCreateWithFlags(&mark_, cudaEventDisableTiming))) return;
    if (!note(cudaMalloc(&memory_, 64))) return;
    if (!note(cudaHostAlloc(&buffer_, 64, cudaHostAllocDefault))) return;
    if (!note(cudaMemcpyAsync(memory_, buffer_, 64, cudaMemcpyHostToDevice, one_))) return;
    if (!note(cudaEventRecord(mark_, one_))) return;
    if (!note(cudaStreamWaitEvent(other_, mark_, 0))) return;
    note(launch(other_, {{memory_, 64}}, {}, [] {}));
  }

  cudaError_t error_ = cudaSuccess;
  cudaStream_t one_ = nullptr;
  cudaStream_t other_ = nullptr;
  cudaEvent_t mark_ = nullptr;
  void* memory_ = nullptr;
  void* buffer_ = nullptr;
};

TEST_F(FakeFailures, EveryCallCanFailInTurn) {
  std::size_t n = 0;
  while (true) {
    reset();
    fail_call(++n, cudaErrorLaunchFailure);
    const cudaError_t error = Scenario().run();
    EXPECT_THAT(leaks(), testing::IsEmpty()) << "call " << n;
    EXPECT_EQ(violations_text(), "") << "call " << n;
    if (failure_pending()) {
      EXPECT_EQ(error, cudaSuccess);
      break;
    }
    EXPECT_EQ(error, cudaErrorLaunchFailure) << "call " << n;
  }
  EXPECT_EQ(n, 17U);  // nine calls to work, seven to end; then none is left to fail
  reset();
}

}  // namespace
}  // namespace octrain::fake_cuda
