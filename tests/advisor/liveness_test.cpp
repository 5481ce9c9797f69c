#include "octrain/advisor/liveness.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

/// op 0 writes a; op 1 reads a and the weight; op 2 overwrites a; op 3 updates a in place; op 4 is someone
/// else's.
struct LivenessTest : ::testing::Test {
  LivenessTest() {
    a = builder.tensor(Role::activation, 1);
    weight = builder.tensor(Role::weight, 1);
    input = builder.tensor(Role::input, 1);
    unused = builder.tensor(Role::activation, 1);
    idle_weight = builder.tensor(Role::weight, 1);
    builder.op({input}, {a});
    builder.op({a, weight}, {});
    builder.op({}, {a});
    builder.op({a}, {a});
    builder.op({}, {});
  }
  ScheduleBuilder builder;
  TensorId a, weight, input, unused, idle_weight;
};

TEST_F(LivenessTest, APureWriteEndsTheLifeOfFormerContents) {
  const Liveness liveness(builder.schedule());
  EXPECT_TRUE(liveness.live_after(a, 0));
  EXPECT_FALSE(liveness.live_after(a, 1)) << "op 2 overwrites it";
  EXPECT_TRUE(liveness.live_after(a, 2)) << "op 3 updates it in place";
  EXPECT_FALSE(liveness.live_after(a, 3));
}

TEST_F(LivenessTest, WeightsLiveAcrossIterations) {
  const Liveness liveness(builder.schedule());
  EXPECT_TRUE(liveness.live_after(weight, 1));
  EXPECT_TRUE(liveness.live_after(weight, 4));
  EXPECT_TRUE(liveness.live_after(idle_weight, 0));
  EXPECT_FALSE(liveness.live_after(input, 0));
}

TEST_F(LivenessTest, NextUseIsCyclic) {
  const Liveness liveness(builder.schedule());
  EXPECT_EQ(liveness.next_use(weight, 0), 1u);
  EXPECT_EQ(liveness.next_use(weight, 1), 6u) << "op 1 of the next iteration";
  EXPECT_EQ(liveness.next_use(a, 0), 1u);
  EXPECT_EQ(liveness.next_use(a, 3), 5u);
  EXPECT_EQ(liveness.next_use(unused, 0), Liveness::kNever);
}

TEST_F(LivenessTest, LiveInMeansReadBeforeWritten) {
  const Liveness liveness(builder.schedule());
  EXPECT_TRUE(liveness.live_in(input));
  EXPECT_TRUE(liveness.live_in(weight));
  EXPECT_FALSE(liveness.live_in(a));
  EXPECT_FALSE(liveness.live_in(unused));
}

TEST_F(LivenessTest, AccessesTellReadsFromWrites) {
  const auto accesses = accesses_by_tensor(builder.schedule());
  ASSERT_EQ(accesses[a].size(), 4u);
  EXPECT_FALSE(accesses[a][2].reads);
  EXPECT_TRUE(accesses[a][3].reads && accesses[a][3].writes);
}

}  // namespace
}  // namespace octrain::advisor
