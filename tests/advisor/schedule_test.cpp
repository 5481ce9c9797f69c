#include "octrain/advisor/schedule.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

TEST(Schedule, OperandsCountOnceAndWorkspaceCountsToo) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 10);
  const TensorId b = builder.tensor(Role::activation, 5);
  builder.op({a}, {a, b}, 1, 7);
  builder.op({b}, {}, 1, 30);
  EXPECT_EQ(op_bytes(builder.schedule(), 0), 22u);
  EXPECT_EQ(largest_op_bytes(builder.schedule()), 35u);
  EXPECT_EQ(footprint_bytes(builder.schedule()), 45u);
}

TEST(Schedule, AnEmptyOneNeedsNothing) {
  EXPECT_EQ(largest_op_bytes({}), 0u);
  EXPECT_EQ(footprint_bytes({}), 0u);
}

TEST(Schedule, WeightsAndStatesOutliveTheIteration) {
  for (const Role role : {Role::input, Role::gradient, Role::activation, Role::workspace}) {
    EXPECT_FALSE(outlives_iteration(role)) << to_string(role);
  }
  EXPECT_TRUE(outlives_iteration(Role::weight));
  EXPECT_TRUE(outlives_iteration(Role::state));
}

}  // namespace
}  // namespace octrain::advisor
