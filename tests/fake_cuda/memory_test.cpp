#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeMemory = FakeCuda;

TEST_F(FakeMemory, EndsWhereTheDeviceDoes) {
  restart({.total_bytes = 10 << 20});
  device(6 << 20);
  void* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, (4 << 20) + 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(more, nullptr);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  std::size_t free = 0;
  std::size_t total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, std::size_t{4} << 20);
  EXPECT_EQ(total, std::size_t{10} << 20);
  EXPECT_EQ(cudaMalloc(&more, 4 << 20), cudaSuccess);
  EXPECT_EQ(cudaFree(more), cudaSuccess);
  device(4 << 20);
}

TEST_F(FakeMemory, ManagedMemoryOnTheDeviceIsNotFree) {
  restart({.total_bytes = 10 << 20});
  bring(managed(kBlockBytes), kBlockBytes, stream());
  std::size_t free = 0;
  std::size_t total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, std::size_t{8} << 20);
}

TEST_F(FakeMemory, NothingToAllocate) {
  void* memory = &memory;
  EXPECT_EQ(cudaMalloc(&memory, 0), cudaSuccess);
  EXPECT_EQ(memory, nullptr);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(nullptr), cudaSuccess);
  EXPECT_EQ(cudaMallocManaged(&memory, 0, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocManaged(&memory, 1, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
}

TEST_F(FakeMemory, IsGivenBackOnceAndByItsOwnCall) {
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 100), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(memory), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(static_cast<std::byte*>(memory) + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(pinned(100)), cudaErrorInvalidValue);
}

TEST_F(FakeMemory, LeaksAreNamed) {
  void* memory = nullptr;
  void* host = nullptr;
  cudaEvent_t mark = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 123), cudaSuccess);
  EXPECT_EQ(cudaHostAlloc(&host, 456, cudaHostAllocDefault), cudaSuccess);
  EXPECT_EQ(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming), cudaSuccess);
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(leaks(),
              testing::UnorderedElementsAre(AllOf(HasSubstr("123 bytes"), HasSubstr("call 0, cudaMalloc")),
                                            AllOf(HasSubstr("456 bytes"), HasSubstr("cudaHostAlloc")),
                                            HasSubstr("the event")));
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(host), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(mark), cudaSuccess);
}

TEST_F(FakeMemory, MustNotBeFreedInUse) {
  const cudaStream_t one = stream();
  std::byte* buffer = pinned(64);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(memory, buffer, 64, cudaMemcpyHostToDevice, one), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  expect(Defect::kFreeInUse);
  EXPECT_THAT(first_violation(), testing::HasSubstr("cudaMemcpyAsync"));
  // Once the host has waited for another stream that has waited for it, all is well.
  const cudaStream_t other = stream();
  EXPECT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(memory, buffer, 64, cudaMemcpyHostToDevice, one), cudaSuccess);
  order(one, other);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
}

TEST_F(FakeMemory, HintsUseMemoryToo) {
  const cudaStream_t one = stream();
  void* memory = nullptr;
  EXPECT_EQ(cudaMallocManaged(&memory, kBlockBytes, cudaMemAttachGlobal), cudaSuccess);
  send(memory, kBlockBytes, one);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  expect(Defect::kFreeInUse);
}

TEST_F(FakeMemory, KernelsOnWhatIsNoMemory) {
  std::byte plain[8];
  bool ran = false;
  EXPECT_EQ(launch(stream(), {{plain, 8}}, {}, [&] { ran = true; }), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_FALSE(ran);
  expect(Defect::kNotMapped);
}

TEST_F(FakeMemory, TheLogKeepsCallsInOrder) {
  const cudaStream_t one = stream();
  const cudaEvent_t mark = event();
  std::byte* block = managed(kBlockBytes);
  bring(block, kBlockBytes, one);
  EXPECT_EQ(cudaEventRecord(mark, one), cudaSuccess);
  EXPECT_EQ(launch(
                one, {{block, 8}}, {{block + 8, 16}}, [] {}, "relu"),
            cudaSuccess);
  const std::vector<Call> calls_made = log();
  ASSERT_EQ(calls_made.size(), 6U);
  EXPECT_EQ(calls(), 6U);
  EXPECT_EQ(calls("cudaEventRecord"), 1U);
  EXPECT_EQ(calls_made[3].name, "cudaMemPrefetchAsync");
  EXPECT_EQ(calls_made[3].stream, one);
  ASSERT_EQ(calls_made[3].operands.size(), 1U);
  EXPECT_EQ(calls_made[3].operands[0].address, block);
  EXPECT_EQ(calls_made[3].operands[0].bytes, kBlockBytes);
  EXPECT_EQ(calls_made[3].operands[0].touch, Touch::kToDevice);
  EXPECT_EQ(calls_made[4].event, mark);
  EXPECT_EQ(calls_made[5].name, "launch");
  EXPECT_EQ(calls_made[5].label, "relu");
  ASSERT_EQ(calls_made[5].operands.size(), 2U);
  EXPECT_EQ(calls_made[5].operands[0].touch, Touch::kRead);
  EXPECT_EQ(calls_made[5].operands[1].bytes, 16U);
}

}  // namespace
}  // namespace octrain::fake_cuda
