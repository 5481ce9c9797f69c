// DeepUM on schedules small enough to work by hand.
#include <gtest/gtest.h>

#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Options = std::map<std::string, double, std::less<>>;

Actions plan(const ScheduleBuilder& builder, std::uint64_t budget_bytes, const Options& options = {}) {
  const PlanRequest request{builder.schedule(), testing::unit_machine(), budget_bytes, options};
  const PlanResult result = find_policy("deepum")->make_plan(request);
  EXPECT_TRUE(check(builder.schedule(), result.plan, budget_bytes).ok());
  return result.plan.actions;
}

/// Five weights, one an op.
struct FiveWeights : ::testing::Test {
  FiveWeights() {
    for (int i = 0; i < 5; ++i) builder.op({builder.tensor(Role::weight, 1)}, {});
  }
  ScheduleBuilder builder;
};

TEST_F(FiveWeights, TheWindowIsPrefetchedAndWhatItDoesNotTouchLeavesBefore) {
  // Three places, this op and the next in the window. 3 and 4 stay from the last iteration and leave, the
  // first to have come first, for 1 and 2; from then on each comes one op ahead, in the place of the one two
  // before.
  EXPECT_EQ(plan(builder, 3, {{"window", 1}}),
            (Actions{prefetch(0, 3), prefetch(0, 4), prefetch(0, 0), evict(0, 3), prefetch(1, 1), evict(0, 4),
                     prefetch(1, 2), evict(1, 0), prefetch(2, 3), evict(2, 1), prefetch(3, 4), evict(4, 2)}));
}

TEST_F(FiveWeights, WhatTheWindowTouchesStaysThere) {
  // Two places, and all that is to come is in the window: 3, there from the last iteration, stays until its
  // op, and the others come in turn to the place beside it. Only then there is room for 4 ahead of time.
  EXPECT_EQ(plan(builder, 2),
            (Actions{prefetch(0, 3), prefetch(0, 0), evict(0, 0), prefetch(1, 1), evict(1, 1), prefetch(2, 2),
                     evict(2, 2), prefetch(3, 4), evict(4, 4)}));
}

TEST_F(FiveWeights, WithoutAWindowItIsDemandPaging) {
  EXPECT_EQ(plan(builder, 1, {{"window", 0}}),
            (Actions{prefetch(0, 0), evict(0, 0), prefetch(1, 1), evict(1, 1), prefetch(2, 2), evict(2, 2),
                     prefetch(3, 3), evict(3, 3), prefetch(4, 4), evict(4, 4)}));
}

TEST(DeepUm, AWindowThatLeavesNoRoomForAnOpGivesWay) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 1);
  const TensorId w = builder.tensor(Role::weight, 1);
  builder.op({}, {}, 10, 1);
  builder.op({v}, {}, 10, 2);
  builder.op({w}, {}, 10, 2);
  // w stays from the last iteration and v comes before op 0. Op 1 needs w's byte for its workspace, op 2 v's.
  EXPECT_EQ(plan(builder, 3),
            (Actions{prefetch(0, w), prefetch(0, v), evict(0, w), evict(1, v), prefetch(2, w)}));
}

TEST(DeepUm, DeadVictimsAreDiscardedOrSentAway) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  const TensorId c = builder.tensor(Role::activation, 1);
  builder.op({}, {a});
  builder.op({a}, {});
  builder.op({}, {b});
  builder.op({b}, {c});
  EXPECT_EQ(plan(builder, 2, {{"window", 0}}), (Actions{prefetch(0, a), prefetch(2, b), discard(2, a),
                                                        prefetch(3, c), discard(3, b), discard(3, c)}));
  EXPECT_EQ(
      plan(builder, 2, {{"window", 0}, {"liveness", 0}}),
      (Actions{prefetch(0, a), prefetch(2, b), evict(2, a), prefetch(3, c), discard(3, b), discard(3, c)}));
}

}  // namespace
}  // namespace octrain::advisor
