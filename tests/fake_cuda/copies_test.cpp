#include <cstring>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeCopies = FakeCuda;

TEST_F(FakeCopies, MoveBytes) {
  const cudaStream_t one = stream();
  std::byte* there = device(64);
  std::byte* here = pinned(64);
  std::byte plain[64];
  std::memset(here, 5, 64);
  EXPECT_EQ(cudaMemcpyAsync(there, here, 64, cudaMemcpyHostToDevice, one), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(plain, there, 64, cudaMemcpyDeviceToHost, one), cudaSuccess);
  EXPECT_EQ(plain[63], std::byte{5});  // plain memory: the copy is done
  std::memset(plain, 6, 64);
  EXPECT_EQ(cudaMemcpyAsync(there, plain, 64, cudaMemcpyHostToDevice, one), cudaSuccess);
  std::memset(plain, 0, 64);
  EXPECT_EQ(cudaMemcpyAsync(here, there, 64, cudaMemcpyDeviceToHost, one), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(here[63], std::byte{6});
  EXPECT_EQ(cudaMemcpy(plain, there, 64, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(plain[63], std::byte{6});
}

TEST_F(FakeCopies, BetweenTheWrongSides) {
  const cudaStream_t one = stream();
  std::byte* there = device(64);
  std::byte* here = pinned(64);
  EXPECT_EQ(cudaMemcpyAsync(here, there, 64, cudaMemcpyHostToDevice, one), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(there, here, 64, cudaMemcpyDeviceToHost, one), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(there, here, 64, cudaMemcpyDeviceToDevice, one), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(there, here, 65, cudaMemcpyHostToDevice, one), cudaErrorInvalidValue);
  expect(Defect::kNotMapped);  // past the end
}

TEST_F(FakeCopies, CudaMemcpyWaitsForBlockingStreamsOnly) {
  std::byte* there = device(64);
  std::byte* here = pinned(64);
  write(there, 64, stream(cudaStreamDefault));
  EXPECT_EQ(cudaMemcpy(here, there, 64, cudaMemcpyDeviceToHost), cudaSuccess);
  write(there, 64, stream());  // the host waited for the copy
  EXPECT_THAT(violations(), testing::IsEmpty());
  EXPECT_EQ(cudaMemcpy(here, there, 64, cudaMemcpyDeviceToHost), cudaSuccess);
  expect(Defect::kMissingOrder);
}

TEST_F(FakeCopies, CudaMemcpyReallyWaitsForThem) {
  std::byte* there = device(64);
  std::byte* here = pinned(64);
  const auto slow = [there] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::memset(there, 8, 64);
  };
  EXPECT_EQ(launch(stream(cudaStreamDefault), {}, {{there, 64}}, slow), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(here, there, 64, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(here[63], std::byte{8});
}

TEST_F(FakeCopies, BlockingStreamsWaitForCudaMemcpy) {
  const std::byte plain[64] = {};
  void* there = nullptr;
  EXPECT_EQ(cudaMalloc(&there, 64), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(there, plain, 64, cudaMemcpyHostToDevice), cudaSuccess);
  const cudaStream_t blocking = stream(cudaStreamDefault);
  write(there, 64, blocking);
  EXPECT_EQ(cudaStreamSynchronize(blocking), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(there, plain, 64, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaFree(there), cudaSuccess);  // and so does cudaFree
}

TEST_F(FakeCopies, CudaMemcpyFromPlainMemoryMayReturnEarly) {
  std::byte* there = device(64);
  const std::byte plain[64] = {};
  EXPECT_EQ(cudaMemcpy(there, plain, 64, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  write(there, 64, stream());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(there, plain, 64, cudaMemcpyHostToDevice), cudaSuccess);
  write(there, 64, stream());
  expect(Defect::kMissingOrder);
}

TEST_F(FakeCopies, ToPlainMemoryAreDoneWhenTheCallReturns) {
  const cudaStream_t one = stream();
  std::byte* there = device(64);
  std::byte plain[64] = {};
  EXPECT_EQ(cudaMemcpyAsync(plain, there, 64, cudaMemcpyDeviceToHost, one), cudaSuccess);
  write(there, 64, stream());
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_THAT(violations(), testing::IsEmpty());
  EXPECT_EQ(cudaMemcpyAsync(there, plain, 64, cudaMemcpyHostToDevice, one), cudaSuccess);
  write(there, 64, stream());  // but from it they may only have been staged
  expect(Defect::kMissingOrder);
}

}  // namespace
}  // namespace octrain::fake_cuda
