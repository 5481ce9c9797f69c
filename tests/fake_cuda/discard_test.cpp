// The calls of CUDA 13: batches and discards.
#include "fake_cuda/fixture.h"

#if CUDART_VERSION >= 13000

namespace octrain::fake_cuda {
namespace {

class FakeDiscard : public FakeCuda {
 protected:
  void SetUp() override {
    FakeCuda::SetUp();
    one_ = stream();
    memory_ = managed(4 * kBlockBytes);
    EXPECT_EQ(cudaMemsetAsync(memory_, 1, 4 * kBlockBytes, one_), cudaSuccess);
  }

  cudaStream_t one_ = nullptr;
  std::byte* memory_ = nullptr;
};

TEST_F(FakeDiscard, TakesContentsAndRoom) {
  discard(memory_, kBlockBytes, one_);
  EXPECT_EQ(cudaStreamSynchronize(one_), cudaSuccess);
  EXPECT_EQ(where(memory_), Place::kDiscarded);
  EXPECT_EQ(counters().discarded_bytes, kBlockBytes);
  EXPECT_EQ(counters().device_bytes, 3 * kBlockBytes);
  EXPECT_NE(memory_[0], std::byte{1});
  EXPECT_NE(memory_[kBlockBytes - 1], std::byte{1});
  EXPECT_EQ(memory_[kBlockBytes], std::byte{1});
}

TEST_F(FakeDiscard, NobodyMayReadBeforeTheNextWrite) {
  std::byte* buffer = pinned(8);
  discard(memory_, kBlockBytes, one_);
  read(memory_ + 100, 8, one_);
  expect(Defect::kUseOfDiscarded);
  EXPECT_EQ(cudaMemcpyAsync(buffer, memory_, 8, cudaMemcpyDeviceToHost, one_), cudaSuccess);
  expect(Defect::kUseOfDiscarded);
  EXPECT_EQ(cudaStreamSynchronize(one_), cudaSuccess);
  host_access({{memory_, 8}}, {});
  expect(Defect::kUseOfDiscarded);
  EXPECT_THAT(first_violation(), testing::HasSubstr("block 0"));
}

TEST_F(FakeDiscard, AWriteUndoesItForWhatIsWritten) {
  discard(memory_, 2 * kBlockBytes, one_);
  write(memory_, kBlockBytes + 8, one_);
  read(memory_, kBlockBytes + 8, one_);
  EXPECT_THAT(violations(), testing::IsEmpty());
  read(memory_ + kBlockBytes, 9, one_);
  expect(Defect::kUseOfDiscarded);
}

TEST_F(FakeDiscard, APrefetchUndoesIt) {
  discard(memory_, 2 * kBlockBytes, one_);
  bring(memory_, kBlockBytes, one_);
  send(memory_ + kBlockBytes, kBlockBytes, one_);
  read(memory_, 2 * kBlockBytes, one_);
  EXPECT_EQ(counters().prefetched_in_bytes, 0U);  // there was nothing to copy
  EXPECT_EQ(counters().prefetched_out_bytes, 0U);
}

TEST_F(FakeDiscard, TakesWholeBlocksOnly) {
  discard(memory_ + 4096, kBlockBytes, one_);
  expect(Defect::kUnalignedDiscard);
  discard(memory_, kBlockBytes - 4096, one_);
  expect(Defect::kUnalignedDiscard);
  EXPECT_EQ(where(memory_), Place::kDevice);
  EXPECT_EQ(counters().discarded_bytes, 0U);
}

TEST_F(FakeDiscard, AlignmentIsThatOfTheAddress) {
  restart({.managed_alignment = 4096});
  std::byte* memory = managed(2 * kBlockBytes);
  discard(memory, kBlockBytes, stream());
  expect(Defect::kUnalignedDiscard);
}

TEST_F(FakeDiscard, WithAPrefetchGivesRoomWithoutACopy) {
  send(memory_, 2 * kBlockBytes, one_);
  void* addresses[] = {memory_, memory_ + kBlockBytes};
  std::size_t sizes[] = {kBlockBytes, kBlockBytes};
  cudaMemLocation place = kToDevice;
  std::size_t first = 0;
  EXPECT_EQ(cudaMemDiscardAndPrefetchBatchAsync(addresses, sizes, 2, &place, &first, 1, 0, one_),
            cudaSuccess);
  EXPECT_EQ(where(memory_ + kBlockBytes), Place::kDevice);
  EXPECT_EQ(counters().prefetched_in_bytes, 0U);
  EXPECT_EQ(counters().populated_bytes, 2 * kBlockBytes);
  const std::uint64_t faults = counters().faults;
  write(memory_, 2 * kBlockBytes, one_);
  EXPECT_EQ(counters().faults, faults);
  const std::vector<Operand> operands = log()[log().size() - 2].operands;
  ASSERT_EQ(operands.size(), 4U);
  EXPECT_EQ(operands[2].touch, Touch::kDiscard);
  EXPECT_EQ(operands[3].touch, Touch::kToDevice);
  EXPECT_EQ(operands[3].address, memory_ + kBlockBytes);
}

TEST_F(FakeDiscard, WithoutItsCallsNothingHappens) {
  restart({.discard = false});
  void* memory = managed(kBlockBytes);
  std::size_t bytes = kBlockBytes;
  const cudaStream_t one = stream();
  EXPECT_EQ(cudaMemDiscardBatchAsync(&memory, &bytes, 1, 0, one), cudaErrorNotSupported);
  cudaMemLocation place = kToDevice;
  std::size_t first = 0;
  EXPECT_EQ(cudaMemDiscardAndPrefetchBatchAsync(&memory, &bytes, 1, &place, &first, 1, 0, one),
            cudaErrorNotSupported);
  EXPECT_EQ(cudaMemPrefetchBatchAsync(&memory, &bytes, 1, &place, &first, 1, 0, one), cudaSuccess);
}

TEST_F(FakeDiscard, BatchesNeedAStream) {
  void* address = memory_;
  std::size_t bytes = kBlockBytes;
  EXPECT_EQ(cudaMemDiscardBatchAsync(&address, &bytes, 1, 0, nullptr), cudaErrorInvalidValue);
  expect(Defect::kBatchOnNull);
  EXPECT_EQ(where(memory_), Place::kDevice);
}

TEST_F(FakeDiscard, BatchesGoToSeveralPlaces) {
  void* addresses[] = {memory_, memory_ + kBlockBytes, memory_ + 2 * kBlockBytes};
  std::size_t sizes[] = {kBlockBytes, kBlockBytes, kBlockBytes};
  cudaMemLocation places[] = {kToDevice, kToHost};
  std::size_t firsts[] = {0, 1};
  EXPECT_EQ(cudaMemPrefetchBatchAsync(addresses, sizes, 3, places, firsts, 2, 0, one_), cudaSuccess);
  EXPECT_EQ(where(memory_), Place::kDevice);
  EXPECT_EQ(where(memory_ + kBlockBytes), Place::kHost);
  EXPECT_EQ(where(memory_ + 2 * kBlockBytes), Place::kHost);
}

TEST_F(FakeDiscard, BatchesThatCudaRefuses) {
  void* addresses[] = {memory_, memory_ + kBlockBytes};
  std::size_t sizes[] = {kBlockBytes, kBlockBytes};
  cudaMemLocation places[] = {kToHost, kToDevice, kToHost};
  const auto prefetch = [&](std::size_t count, std::vector<std::size_t> firsts,
                            unsigned long long flags = 0) {
    return cudaMemPrefetchBatchAsync(addresses, sizes, count, places, firsts.data(), firsts.size(), flags,
                                     one_);
  };
  EXPECT_EQ(prefetch(0, {0}), cudaErrorInvalidValue);
  EXPECT_EQ(prefetch(2, {}), cudaErrorInvalidValue);
  EXPECT_EQ(prefetch(2, {1}), cudaErrorInvalidValue);        // the first entry is to be 0
  EXPECT_EQ(prefetch(2, {0, 0}), cudaErrorInvalidValue);     // each greater than the one before
  EXPECT_EQ(prefetch(2, {0, 2}), cudaErrorInvalidValue);     // the last below the count
  EXPECT_EQ(prefetch(2, {0, 1, 2}), cudaErrorInvalidValue);  // more places than ranges
  EXPECT_EQ(prefetch(2, {0}, 1), cudaErrorInvalidValue);
  places[1] = {cudaMemLocationTypeDevice, 1};
  EXPECT_EQ(prefetch(2, {0, 1}), cudaErrorInvalidDevice);
  EXPECT_EQ(where(memory_), Place::kDevice);
  EXPECT_EQ(prefetch(2, {0}), cudaSuccess);
  EXPECT_EQ(where(memory_), Place::kHost);
}

}  // namespace
}  // namespace octrain::fake_cuda

#endif
