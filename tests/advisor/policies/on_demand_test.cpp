// naive, lru and oc-caffe on schedules small enough to work by hand.
#include <gtest/gtest.h>

#include "octrain/advisor/policy.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;

Actions plan(const char* policy, const ScheduleBuilder& builder, std::uint64_t budget_bytes) {
  return find_policy(policy)
      ->make_plan({builder.schedule(), testing::unit_machine(), budget_bytes})
      .plan.actions;
}

/// a and b are made, a is used, c is made, then all are read: room for two of them, and who leaves tells the
/// policy.
struct OnDemandTest : ::testing::Test {
  OnDemandTest() {
    a = builder.tensor(Role::activation, 1);
    b = builder.tensor(Role::activation, 1);
    c = builder.tensor(Role::activation, 1);
    builder.op({}, {a});
    builder.op({}, {b});
    builder.op({a}, {});
    builder.op({}, {c});
    builder.op({a}, {});
    builder.op({b}, {});
  }
  ScheduleBuilder builder;
  TensorId a, b, c;
};

TEST_F(OnDemandTest, NaiveEvictsTheLeastRecentlyMigratedAndKeepsTheDead) {
  EXPECT_EQ(plan("naive", builder, 2),
            (Actions{prefetch(0, a), prefetch(1, b), evict(2, a), prefetch(3, c), evict(3, b), prefetch(4, a),
                     evict(4, c), prefetch(5, b), discard(5, a), discard(5, b)}));
}

TEST_F(OnDemandTest, LruEvictsTheLeastRecentlyUsedAndDiscardsTheDead) {
  EXPECT_EQ(plan("lru", builder, 2), (Actions{prefetch(0, a), prefetch(1, b), evict(2, b), prefetch(3, c),
                                              discard(3, c), discard(4, a), prefetch(5, b), discard(5, b)}));
}

TEST_F(OnDemandTest, WithRoomNothingLeavesButTheDead) {
  EXPECT_EQ(plan("lru", builder, 3), (Actions{prefetch(0, a), prefetch(1, b), prefetch(3, c), discard(3, c),
                                              discard(4, a), discard(5, b)}));
}

TEST(OcCaffe, BringsTheNextOpsOperandsAndEvictsAfterTheLastUseInThePass) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 1);
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  builder.op({w}, {a});
  builder.op({a}, {b});
  builder.op({b}, {}, 1, 0, Phase::backward);
  builder.op({a, w}, {}, 1, 0, Phase::backward);
  builder.op({w}, {w}, 1, 0, Phase::update);
  EXPECT_EQ(plan("oc-caffe", builder, 3),
            (Actions{prefetch(0, w), prefetch(0, a), prefetch(0, b), evict(0, w), evict(1, a), prefetch(2, w),
                     prefetch(2, a), discard(2, b), discard(3, a), evict(4, w)}));
}

TEST(OcCaffe, FallsBackToBringingAtTheOpWhereTwoDoNotFit) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::weight, 2);
  const TensorId b = builder.tensor(Role::weight, 2);
  builder.op({a}, {});
  builder.op({b}, {});
  EXPECT_EQ(plan("oc-caffe", builder, 3),
            (Actions{prefetch(0, a), evict(0, a), prefetch(1, b), evict(1, b)}));
}

TEST(OnDemand, WeightsThatFitStayAcrossIterations) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::weight, 2);
  const TensorId b = builder.tensor(Role::state, 2);
  builder.op({a}, {});
  builder.op({b}, {});
  for (const char* policy : {"naive", "lru"}) {
    EXPECT_EQ(plan(policy, builder, 4), (Actions{prefetch(0, a), prefetch(0, b)})) << policy;
  }
}

}  // namespace
}  // namespace octrain::advisor
