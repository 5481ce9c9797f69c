// Who gets room first, when there is less than all want.
#include "cuda/dispatch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "cuda/toolkit.h"
#include "device_work.h"

namespace octrain::runtime::cuda {
namespace {

Stream stream_of_clean_device() {
  fake_cuda::reset();
  return make_stream();
}

class DispatchTest : public ::testing::Test {
 protected:
  OrderId issue(Lane lane, BlockRange range) {
    Order order;
    order.ranges = {range};
    return dispatch_.issue(lane, std::move(order));
  }
  /// How many blocks the lane gets now.
  BlockId next(Lane lane) {
    const std::optional<Batch> batch = dispatch_.next(lane);
    if (!batch) return 0;
    dispatch_.begun(lane, *batch, nullptr);
    return batch->blocks;
  }
  /// Room for so many.
  void give_back(BlockId blocks) { dispatch_.done(Lane::out, leaving(blocks)); }
  Batch leaving(BlockId blocks) {
    Batch batch;
    batch.blocks = blocks;
    dispatch_.begun(Lane::out, batch, nullptr);
    return batch;
  }

  Stream compute_ = stream_of_clean_device();
  EventPool events_;
  Marks marks_{compute_.get(), events_};
  Dispatch dispatch_{10, marks_};
};

TEST_F(DispatchTest, RoomIsGivenInOrderOfIssue) {
  Lock lock = dispatch_.lock();
  dispatch_.take_room(10);
  issue(Lane::in, {0, 3});
  issue(Lane::reserve, {3, 4});
  issue(Lane::in, {7, 2});
  give_back(2);
  EXPECT_EQ(next(Lane::reserve), 0U) << "was issued later";
  EXPECT_EQ(next(Lane::in), 2U);
  give_back(2);
  EXPECT_EQ(next(Lane::reserve), 1U) << "one is left to the first";
  EXPECT_EQ(next(Lane::in), 1U);
  give_back(3);
  EXPECT_EQ(next(Lane::in), 0U) << "now the reservation is the first";
  EXPECT_EQ(next(Lane::reserve), 3U);
  give_back(1);
  EXPECT_EQ(next(Lane::in), 1U);
}

TEST_F(DispatchTest, WhatAnOpWaitsForGoesFirst) {
  Lock lock = dispatch_.lock();
  dispatch_.take_room(10);
  issue(Lane::reserve, {0, 3});
  issue(Lane::in, {3, 3});
  issue(Lane::outputs, {6, 2});
  give_back(3);
  EXPECT_EQ(next(Lane::in), 0U);
  EXPECT_EQ(next(Lane::reserve), 1U);
  EXPECT_EQ(next(Lane::outputs), 2U);
}

TEST_F(DispatchTest, WhatIsNotReadyClaimsNothing) {
  Lock lock = dispatch_.lock();
  dispatch_.take_room(8);
  Order stuck;
  stuck.ranges = {{0, 2}};
  stuck.behind[index(Lane::out)] = issue(Lane::out, {0, 2});
  (void)dispatch_.issue(Lane::reserve, stuck);
  issue(Lane::in, {2, 2});
  EXPECT_EQ(next(Lane::reserve), 0U);
  EXPECT_EQ(next(Lane::in), 2U);
}

TEST_F(DispatchTest, FaultsGoBeforeWhatLaterOpsWillNeed) {
  Lock lock = dispatch_.lock();
  dispatch_.take_room(10);
  issue(Lane::in, {0, 4});
  BlockId brought = 0;
  std::jthread device([&] {
    for (int block = 0; block < 3; ++block) {
      Lock other = dispatch_.lock();
      give_back(1);
      brought += next(Lane::in);
    }
  });
  dispatch_.wait_for_room(lock, 3);  // unlocked meanwhile
  EXPECT_EQ(brought, 0U);
  dispatch_.take_room(3);
  lock.unlock();
  device.join();
  lock.lock();
  give_back(1);
  EXPECT_EQ(next(Lane::in), 1U) << "and not for ever";
}

/// Marks pass without the lock.
TEST_F(DispatchTest, WhatBecomesReadyAfterALookIsNotSleptThrough) {
  Lock lock = dispatch_.lock();
  marks_.put(1);
  Order order;
  order.ranges = {{0, 2}};
  order.after = 1;
  (void)dispatch_.issue(Lane::in, order);
  EXPECT_EQ(next(Lane::in), 0U) << "the device has not come so far, as nobody knows better";
  marks_.wait_for(1);
  dispatch_.await(lock, Lane::in);  // nobody is there to wake it
  EXPECT_EQ(next(Lane::in), 2U);
}

}  // namespace
}  // namespace octrain::runtime::cuda
