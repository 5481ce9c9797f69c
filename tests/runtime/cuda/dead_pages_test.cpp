// Pages whose contents died: they stay until somebody wants their room.
#include <gtest/gtest.h>

#include "block_space_fixture.h"
#include "octrain/runtime/error.h"

namespace octrain::runtime::cuda {
namespace {

using DeadPages = BlockSpaceTest;

std::size_t page_calls() {
  std::size_t calls = 0;
  for (const char* name : {"cuMemMap", "cuMemUnmap", "cudaMemDiscardBatchAsync",
                           "cudaMemDiscardAndPrefetchBatchAsync", kPrefetchCall})
    calls += fake_cuda::calls(name);
  return calls;
}

/// On the pages of what died just now, and in workspace that is still warm.
TEST_F(DeadPages, OutputsOnDeadPagesWaitForNothing) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {3, 2, 2}, 5, 2, {0, 0, 1});
    done_ = 0;
    op({}, {0}, kHeld, 2);
    const std::size_t calls = page_calls();
    space_->discard(0);
    op({}, {1}, milliseconds(0), 2);
    space_->discard(1);
    space_->prefetch(2);  // reserved, one block where each of the two lay
    op({}, {2}, milliseconds(0), 1);
    EXPECT_EQ(done_, 0) << memory.name;
    let_run();
    space_->quiesce();
    EXPECT_EQ(page_calls(), calls) << "the pages were there";
  }
}

TEST_F(DeadPages, DeadPagesAreNotResidentAndGoWhenTheirRoomIsWanted) {
  if (!toolkit_discards()) GTEST_SKIP() << "this toolkit has no discards: pages stay until they are copied";
  open(kManaged, {2, 2, 3}, 5, 1);
  store(2);
  op({}, {0}, milliseconds(0), 1);
  op({}, {1}, milliseconds(0), 1);
  space_->discard(1);
  space_->discard(0);
  space_->quiesce();
  EXPECT_EQ(space_->resident_bytes(), 0U);
  EXPECT_EQ(fake_cuda::counters().device_bytes, 5 * kBlockBytes);
  EXPECT_EQ(fake_cuda::calls("cudaMemDiscardBatchAsync"), 0U);
  MemoryCounters counters = space_->take_counters();
  EXPECT_EQ(counters.discarded_bytes, 4 * kBlockBytes);
  EXPECT_EQ(counters.peak_resident_bytes, 5 * kBlockBytes);
  space_->prefetch(2);
  space_->quiesce();
  EXPECT_EQ(fake_cuda::where(space_->address(1)), fake_cuda::Place::kDiscarded) << "died first";
  EXPECT_EQ(fake_cuda::where(space_->address(0)), fake_cuda::Place::kDiscarded);
  EXPECT_EQ(fake_cuda::where(space_->address(0) + kBlockBytes), fake_cuda::Place::kDevice) << "is not wanted";
  EXPECT_EQ(fake_cuda::where(space_->workspace()), fake_cuda::Place::kDevice) << "goes last";
  EXPECT_EQ(fake_cuda::counters().prefetched_out_bytes, 0U) << "the dead are not copied";
  EXPECT_EQ(space_->resident_bytes(), 3 * kBlockBytes);
  counters = space_->take_counters();
  EXPECT_EQ(counters.discarded_bytes, 0U) << "they were counted when they died";
  EXPECT_EQ(counters.peak_resident_bytes, 3 * kBlockBytes);
}

TEST_F(DeadPages, ContentsAreStoredWhereDeadPagesLie) {
  for (const CudaCase& memory : {kManaged, kExplicit}) {
    open(memory, {2}, 3);
    op({}, {0});
    space_->discard(0);
    store(0);
    EXPECT_EQ(space_->resident_bytes(), 0U) << memory.name;
    EXPECT_EQ(fake_cuda::counters().host_faults, 0U) << "the CPU took it from the device";
    space_->prefetch(0);
    op({0}, {});
    EXPECT_EQ(space_->resident_bytes(), 2 * kBlockBytes) << memory.name;
    space_->quiesce();
    EXPECT_EQ(space_->take_counters().planned_in_bytes, 2 * kBlockBytes) << memory.name;
  }
}

/// Faults may pass the budget, but not take what was made room for.
TEST_F(DeadPages, MakeRoomForBringInsUnderFaults) {
  open(kNaive, {3, 2, 3}, 4);
  store(1);
  op({}, {0}, kShort / 4);
  space_->discard(0);
  space_->prefetch(1);  // a dead page is to go first, behind the op
  op({}, {2});
  op({1}, {});
  space_->quiesce();
  EXPECT_EQ(space_->resident_bytes(), 5 * kBlockBytes);
}

TEST_F(DeadPages, WhatIsDiscardedCannotBeRead) {
  open(kExplicit, {2}, 3);
  op({}, {0});
  space_->discard(0);
  const std::vector<TensorId> tensor{0};
  EXPECT_THROW(space_->acquire({tensor, {}, 0}), InvalidPlan);
  open(kManaged, {2}, 3);
  done_ = 0;
  op({}, {0}, kShort / 4);
  space_->discard(0);
  space_->acquire({tensor, {}, 0});  // a kernel would fault, and find whatever there is
  EXPECT_EQ(done_, 1) << "the pages are given up behind the op before";
  EXPECT_EQ(space_->take_counters().faults, 2U);
  expect_launched(fake_cuda::launch(compute_.get(), {}, {range(0)}, [this] {
    std::this_thread::sleep_for(kShort / 4);
    ++done_;
  }));
  space_->release({tensor, {}, 0});
  space_->evict(0);
  space_->quiesce();
  EXPECT_EQ(done_, 2) << "and this one is waited for as well";
}

}  // namespace
}  // namespace octrain::runtime::cuda
