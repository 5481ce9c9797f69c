#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

/// Four blocks that lie on the host, a budget of two, and a stream each way.
class FakeBudget : public FakeCuda {
 protected:
  void SetUp() override {
    FakeCuda::SetUp();
    memory_ = managed(4 * kBlockBytes);
    host_access({}, {{memory_, 4 * kBlockBytes}});
    set_budget(2 * kBlockBytes);
    in_ = stream();
    out_ = stream();
  }
  [[nodiscard]] std::byte* block(int number) const { return memory_ + number * kBlockBytes; }

  std::byte* memory_ = nullptr;
  cudaStream_t in_ = nullptr;
  cudaStream_t out_ = nullptr;
};

TEST_F(FakeBudget, PrefetchesUpToItAreFine) {
  bring(block(0), 2 * kBlockBytes, in_);
  bring(block(0), kBlockBytes, in_);  // again
  EXPECT_THAT(violations(), testing::IsEmpty());
  bring(block(2), 1, in_);  // its block comes as a whole
  expect(Defect::kPastBudget);
  EXPECT_THAT(first_violation(), testing::HasSubstr("6291456 bytes"));
}

TEST_F(FakeBudget, WhatIsEvictedMakesRoom) {
  bring(block(0), 2 * kBlockBytes, in_);
  order(in_, out_);
  send(block(0), kBlockBytes, out_);
  order(out_, in_);
  bring(block(2), kBlockBytes, in_);
}

TEST_F(FakeBudget, AnEvictionMakesNoRoomForWhatNeedNotWaitForIt) {
  bring(block(0), 2 * kBlockBytes, in_);
  order(in_, out_);
  send(block(0), kBlockBytes, out_);
  wait_unseen(out_);
  bring(block(2), kBlockBytes, in_);
  expect(Defect::kPastBudget);
  EXPECT_THAT(first_violation(), testing::HasSubstr("2097152 that leave it"));
}

TEST_F(FakeBudget, FaultsDoNotCount) {
  read(block(0), 3 * kBlockBytes, in_);
  bring(block(3), kBlockBytes, in_);
  EXPECT_EQ(counters().device_bytes, 4 * kBlockBytes);
}

TEST_F(FakeBudget, FreedMemoryDoesNotCount) {
  void* other = nullptr;
  EXPECT_EQ(cudaMallocManaged(&other, 2 * kBlockBytes, cudaMemAttachGlobal), cudaSuccess);
  bring(other, 2 * kBlockBytes, in_);
  EXPECT_EQ(cudaStreamSynchronize(in_), cudaSuccess);
  EXPECT_EQ(cudaFree(other), cudaSuccess);
  bring(block(0), 2 * kBlockBytes, in_);
}

#if CUDART_VERSION >= 13000
TEST_F(FakeBudget, WhatIsDiscardedMakesRoom) {
  bring(block(0), 2 * kBlockBytes, in_);
  discard(block(0), kBlockBytes, in_);
  bring(block(2), kBlockBytes, in_);
}

TEST_F(FakeBudget, ABatchMayBringBeforeItSends) {
  bring(block(0), 2 * kBlockBytes, in_);
  void* addresses[] = {block(0), block(2)};
  std::size_t sizes[] = {kBlockBytes, kBlockBytes};
  cudaMemLocation places[] = {kToHost, kToDevice};
  std::size_t firsts[] = {0, 1};
  EXPECT_EQ(cudaMemPrefetchBatchAsync(addresses, sizes, 2, places, firsts, 2, 0, in_), cudaSuccess);
  expect(Defect::kPastBudget);
}
#endif

}  // namespace
}  // namespace octrain::fake_cuda
