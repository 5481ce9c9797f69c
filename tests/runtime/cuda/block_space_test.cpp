// What is particular to memory on a device that works behind the executor.
#include <gtest/gtest.h>

#include "block_space_fixture.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

TEST_F(BlockSpaceTest, TheExecutorRunsAheadOfTheDevice) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {2, 2, 2, 2}, 8);
    store(1);
    done_ = 0;
    op({}, {0}, kHeld);
    space_->discard(0);
    space_->prefetch(1);
    op({1}, {2});
    space_->evict(1);
    op({2}, {3});  // room was there all the time: neither the discard nor the eviction is waited for
    EXPECT_EQ(done_, 0) << memory.name;
    let_run();
    space_->quiesce();
    EXPECT_EQ(space_->resident_bytes(), 4 * kBlockBytes) << memory.name;
  }
}

TEST_F(BlockSpaceTest, RoomComesWhenTheDeviceHasUsedIt) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {3, 3}, 4);
    done_ = 0;
    op({}, {0}, kShort);
    space_->discard(0);
    op({}, {1});  // waits here
    EXPECT_GE(done_, 1) << memory.name;
    EXPECT_LE(space_->take_counters().peak_resident_bytes, 4 * kBlockBytes) << memory.name;
  }
}

TEST_F(BlockSpaceTest, WorkspaceMakesWayForHints) {
  open(kManaged, {2, 2}, 5, 3);
  store(1);
  op({}, {0}, milliseconds(0), 3);
  space_->prefetch(1);
  op({1, 0}, {});
  space_->quiesce();
  EXPECT_EQ(space_->resident_bytes(), 4 * kBlockBytes) << "workspace that nobody uses is no contents";
  if (toolkit_discards()) {
    EXPECT_EQ(fake_cuda::counters().device_bytes, 5 * kBlockBytes) << "but one block of it is still there";
  }
  const MemoryCounters counters = space_->take_counters();
  EXPECT_EQ(counters.driver_evicted_bytes + counters.discarded_bytes, 0U);
  EXPECT_LE(counters.peak_resident_bytes, 5 * kBlockBytes);
}

/// A reservation that must wait for what leaves its blocks holds up no op that has room.
TEST_F(BlockSpaceTest, OutputsWaitForNoEarlierReservation) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {2, 2, 2}, 6, 0, {0, 0, 2});
    done_ = 0;
    op({}, {0}, kHeld);
    space_->evict(0);     // when the op has ended
    space_->prefetch(1);  // at the same place: dead, but the bytes are the other's until it has left
    op({}, {2});
    EXPECT_EQ(done_, 0) << memory.name;
    let_run();
    space_->quiesce();
  }
}

/// The replanner divides the one by the other.
TEST_F(BlockSpaceTest, BytesAreBookedWithTheTimeThatTheyTook) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {100}, 100);
    store(0);
    MemoryCounters all;
    const auto look = [&] {
      const MemoryCounters counters = space_->take_counters();
      EXPECT_EQ(counters.planned_in_bytes > 0, counters.in_busy_ns > 0);
      EXPECT_EQ(counters.planned_out_bytes > 0, counters.out_busy_ns > 0);
      all.planned_in_bytes += counters.planned_in_bytes;
      all.planned_out_bytes += counters.planned_out_bytes;
    };
    space_->prefetch(0);
    look();
    op({0}, {0}, kShort / 4);
    space_->evict(0);
    look();
    space_->quiesce();
    look();
    EXPECT_EQ(all.planned_in_bytes, 100 * kBlockBytes) << memory.name;
    EXPECT_EQ(all.planned_out_bytes, 100 * kBlockBytes) << memory.name;
  }
}

TEST_F(BlockSpaceTest, CleanContentsAreLetGoWithoutACopy) {
  open(kExplicit, {3}, 4);
  store(0);
  space_->prefetch(0);
  op({0}, {});
  space_->quiesce();
  const std::size_t copies = fake_cuda::calls("cudaMemcpyAsync");
  space_->evict(0);
  space_->quiesce();
  EXPECT_EQ(fake_cuda::calls("cudaMemcpyAsync"), copies);
  EXPECT_EQ(space_->resident_bytes(), 0U);
  space_->prefetch(0);
  op({0}, {0});
  space_->evict(0);
  space_->quiesce();
  EXPECT_EQ(fake_cuda::calls("cudaMemcpyAsync"), copies + 2) << "in, and out again";
}

TEST_F(BlockSpaceTest, OnlyWhatGoesToTheHostIsPinnedAndOnce) {
  open(kExplicit, {40, 40}, 80);
  for (int round = 0; round < 3; ++round) {
    op({}, {0});
    op({0}, {1});
    space_->discard(0);
  }
  space_->quiesce();
  EXPECT_EQ(fake_cuda::calls("cudaHostAlloc"), 0U);
  std::vector<std::byte> contents(sizes_.tensor_bytes[0]), found(contents.size());
  for (std::size_t at = 0; at < contents.size(); at += 4096)
    contents[at] = static_cast<std::byte>(at / 4096 % 251);
  space_->write_contents(0, 0, contents);
  for (int round = 0; round < 3; ++round) {
    space_->prefetch(0);
    op({0}, {0});
    space_->evict(0);
  }
  space_->read_contents(0, 0, found);
  EXPECT_TRUE(found == contents);
  EXPECT_EQ(fake_cuda::calls("cudaHostAlloc"), 2U) << "80 MiB, by 64 MiB";
}

TEST_F(BlockSpaceTest, ReadyHintsGoInOneCall) {
  if (!toolkit_discards()) GTEST_SKIP() << "this toolkit has no calls for many ranges";
  open(kManaged, std::vector<std::uint64_t>(21, 1), 25);
  for (TensorId tensor = 0; tensor < 20; ++tensor) store(tensor);
  op({}, {20});
  const std::size_t before = fake_cuda::calls(kPrefetchCall);
  for (TensorId tensor = 0; tensor < 20; ++tensor) space_->prefetch(tensor);
  space_->quiesce();
  // The first may leave before the others are issued, and while it is under way these gather.
  EXPECT_LT(fake_cuda::calls(kPrefetchCall) - before, 20U);
  const std::size_t middle = fake_cuda::calls(kPrefetchCall);
  std::vector<TensorId> all(20);
  for (TensorId tensor = 0; tensor < 20; ++tensor) all[tensor] = tensor;
  op(all, {}, kHeld);
  for (const TensorId tensor : all) space_->evict(tensor);  // behind the op, so together
  let_run();
  space_->quiesce();
  EXPECT_EQ(fake_cuda::calls(kPrefetchCall) - middle, 1U);
}

TEST_F(BlockSpaceTest, WhatIsThereIsNotBroughtAgain) {
  open(kManaged, {2}, 4);
  store(0);
  space_->prefetch(0);
  space_->quiesce();
  const std::size_t calls = fake_cuda::calls();
  space_->prefetch(0);
  space_->quiesce();
  EXPECT_EQ(fake_cuda::calls(), calls);
}

TEST_F(BlockSpaceTest, AnOpThatWasNeverReleasedIsWaitedForNevertheless) {
  open(kManaged, {2}, 4);
  begin({}, {0}, kShort);  // and then its function threw
  space_->evict(0);
  space_->quiesce();
  EXPECT_EQ(done_, 1);
}

TEST_F(BlockSpaceTest, AFailureStays) {
  open(kManaged, {2, 2}, 4);
  store(0);
  fake_cuda::fail_call(1, cudaErrorLaunchFailure, kPrefetchCall);
  space_->prefetch(0);
  for (int call = 0; call < 3; ++call) EXPECT_THROW(space_->quiesce(), CudaError);
  EXPECT_THROW(space_->prefetch(1), CudaError);
  const std::vector<TensorId> tensor{0};
  EXPECT_THROW(space_->acquire({tensor, {}, 0}), CudaError);
}

TEST_F(BlockSpaceTest, NaiveMemoryKeepsTheBudgetFromIterationToIteration) {
  open(kNaive, {3, 3, 3}, 5, 1);
  for (const TensorId tensor : {0U, 1U, 2U}) store(tensor);
  space_->begin_iteration();
  (void)space_->take_counters();
  for (const TensorId tensor : {0U, 1U, 2U}) op({tensor}, {}, milliseconds(0), 1);
  EXPECT_EQ(space_->resident_bytes(), 10 * kBlockBytes) << "all of it, and the workspace";
  MemoryCounters counters = space_->take_counters();
  EXPECT_EQ(counters.faults, 10U);
  EXPECT_EQ(counters.fault_in_bytes, 9 * kBlockBytes);
  EXPECT_EQ(counters.driver_evicted_bytes, 0U);
  space_->begin_iteration();
  EXPECT_EQ(space_->resident_bytes(), 5 * kBlockBytes);
  EXPECT_EQ(fake_cuda::where(space_->address(0)), fake_cuda::Place::kHost) << "came first, and leaves first";
  EXPECT_EQ(fake_cuda::where(space_->address(2)), fake_cuda::Place::kDevice);
  op({2}, {}, milliseconds(0), 1);
  op({0}, {});
  counters = space_->take_counters();
  EXPECT_EQ(counters.driver_evicted_bytes, 5 * kBlockBytes);
  EXPECT_EQ(counters.fault_in_bytes, (3 + 1) * kBlockBytes) << "tensor 0 and the workspace";
  EXPECT_EQ(fake_cuda::counters().faults, 10U + 4U) << "the device agrees";
}

}  // namespace
}  // namespace octrain::runtime::cuda
