#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeResidency = FakeCuda;

TEST_F(FakeResidency, KernelsFaultInWhatLiesElsewhere) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(4 * kBlockBytes);
  EXPECT_EQ(where(memory), Place::kNowhere);
  host_access({}, {{memory, kBlockBytes}});
  EXPECT_EQ(where(memory), Place::kHost);
  // Two blocks, of which one lies on the host and one nowhere; then they are there.
  read(memory + kBlockBytes - 4, 8, one);
  read(memory, 2 * kBlockBytes, one);
  EXPECT_EQ(where(memory), Place::kDevice);
  EXPECT_EQ(where(memory + 2 * kBlockBytes), Place::kNowhere);
  EXPECT_EQ(counters().faults, 2U);
  EXPECT_EQ(counters().fault_bytes, 2 * kBlockBytes);
  EXPECT_EQ(counters().device_bytes, 2 * kBlockBytes);
}

TEST_F(FakeResidency, WhatIsPrefetchedDoesNotFault) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(3 * kBlockBytes);
  host_access({}, {{memory, kBlockBytes}});
  bring(memory, 2 * kBlockBytes, one);
  read(memory, 2 * kBlockBytes, one);
  EXPECT_EQ(counters().faults, 0U);
  EXPECT_EQ(counters().prefetched_in_bytes, kBlockBytes);
  EXPECT_EQ(counters().populated_bytes, kBlockBytes);  // the one that nobody had touched
  bring(memory, 2 * kBlockBytes, one);                 // there already
  EXPECT_EQ(counters().prefetched_in_bytes, kBlockBytes);
  send(memory + kBlockBytes, 2 * kBlockBytes, one);
  EXPECT_EQ(counters().prefetched_out_bytes, kBlockBytes);  // the third had nothing to copy
  EXPECT_EQ(where(memory), Place::kDevice);
  EXPECT_EQ(where(memory + kBlockBytes), Place::kHost);
  EXPECT_EQ(where(memory + 2 * kBlockBytes), Place::kHost);
  EXPECT_EQ(counters().device_bytes, kBlockBytes);
  EXPECT_EQ(counters().peak_device_bytes, 2 * kBlockBytes);
}

TEST_F(FakeResidency, TheHostFaultsBlocksBack) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(kBlockBytes);
  bring(memory, kBlockBytes, one);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  host_access({{memory, 1}}, {});
  EXPECT_EQ(counters().host_faults, 1U);
  EXPECT_EQ(where(memory), Place::kHost);
  EXPECT_EQ(counters().device_bytes, 0U);
}

TEST_F(FakeResidency, CopiesLeaveBlocksWhereTheyLie) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(3 * kBlockBytes);
  std::byte* buffer = pinned(64);
  bring(memory, kBlockBytes, one);
  const auto copy = [&](std::byte* to, const std::byte* from, cudaMemcpyKind kind) {
    EXPECT_EQ(cudaMemcpyAsync(to, from, 64, kind, one), cudaSuccess);
  };
  copy(memory, buffer, cudaMemcpyHostToDevice);
  copy(buffer, memory, cudaMemcpyDeviceToHost);
  EXPECT_EQ(where(memory), Place::kDevice);
  copy(memory + kBlockBytes, buffer, cudaMemcpyHostToDevice);
  EXPECT_EQ(where(memory + kBlockBytes), Place::kDevice);
  copy(memory + 2 * kBlockBytes, buffer, cudaMemcpyHostToHost);
  EXPECT_EQ(where(memory + 2 * kBlockBytes), Place::kHost);
  EXPECT_EQ(counters().faults, 0U);
}

TEST_F(FakeResidency, FillsRunOnTheDevice) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(kBlockBytes);
  EXPECT_EQ(cudaMemsetAsync(memory, 7, kBlockBytes, one), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(memory[kBlockBytes - 1], std::byte{7});
  EXPECT_EQ(counters().faults, 1U);
}

TEST_F(FakeResidency, OnlyManagedMemoryTakesHints) {
  const cudaStream_t one = stream();
  std::byte* memory = managed(kBlockBytes);
  EXPECT_EQ(try_prefetch(device(kBlockBytes), kBlockBytes, kToDevice, one), cudaErrorInvalidValue);
  EXPECT_EQ(try_prefetch(memory, 0, kToDevice, one), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemAdvise(memory, kBlockBytes, cudaMemAdviseSetPreferredLocation, kToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemAdvise(pinned(64), 64, cudaMemAdviseSetPreferredLocation, kToDevice),
            cudaErrorInvalidValue);
  EXPECT_EQ(where(memory), Place::kNowhere);
  EXPECT_EQ(try_prefetch(memory, 2 * kBlockBytes, kToDevice, one), cudaErrorInvalidValue);
  expect(Defect::kNotMapped);  // past its end
}

TEST_F(FakeResidency, NoHintsWithoutConcurrentAccess) {
  restart({.total_bytes = 4 * kBlockBytes, .concurrent_managed_access = false});
  const cudaStream_t one = stream();
  std::byte* memory = managed(kBlockBytes);
  EXPECT_EQ(try_prefetch(memory, kBlockBytes, kToDevice, one), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaMemAdvise(memory, kBlockBytes, cudaMemAdviseSetAccessedBy, kToDevice),
            cudaErrorInvalidDevice);
  void* large = nullptr;
  EXPECT_EQ(cudaMallocManaged(&large, 5 * kBlockBytes, cudaMemAttachGlobal), cudaErrorMemoryAllocation);
}

TEST_F(FakeResidency, ManagedMemoryMayBeLargerThanTheDevice) {
  restart({.total_bytes = kBlockBytes});
  managed(5 * kBlockBytes);
}

TEST_F(FakeResidency, BlocksLieAtMultiplesOfTheirSizeWhereverMemoryBegins) {
  restart({.managed_alignment = 64 << 10});
  const cudaStream_t one = stream();
  std::byte* memory = managed(2 * kBlockBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % kBlockBytes, std::uintptr_t{64} << 10);
  read(memory, 2 * kBlockBytes, one);
  EXPECT_EQ(counters().faults, 3U);
  EXPECT_EQ(counters().fault_bytes, 2 * kBlockBytes);
}

TEST_F(FakeResidency, FreedMemoryLeavesTheDevice) {
  const cudaStream_t one = stream();
  void* memory = nullptr;
  EXPECT_EQ(cudaMallocManaged(&memory, kBlockBytes, cudaMemAttachGlobal), cudaSuccess);
  bring(memory, kBlockBytes, one);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(counters().device_bytes, 0U);
}

}  // namespace
}  // namespace octrain::fake_cuda
