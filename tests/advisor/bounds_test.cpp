#include "octrain/advisor/bounds.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

/// A chain of three layers: every activation is read by the next op and once more on the way back.
struct Chain {
  Chain() {
    for (TensorId& a : activations) a = builder.tensor(Role::activation, 10);
    builder.op({}, {activations[0]}, 5);
    builder.op({activations[0]}, {activations[1]}, 5);
    builder.op({activations[1]}, {activations[2]}, 5, 3);
    builder.op({activations[2]}, {}, 7);
    builder.op({activations[1]}, {}, 7);
    builder.op({activations[0]}, {}, 7);
  }
  ScheduleBuilder builder;
  TensorId activations[3];
};

TEST(Bounds, OfAChain) {
  const Bounds result = bounds(Chain().builder.schedule(), 23);
  EXPECT_EQ(result.ideal_ns, 36u);
  EXPECT_EQ(result.peak_live_bytes, 33u) << "op 2: all three and its workspace";
  EXPECT_EQ(result.largest_op_bytes, 23u);
  EXPECT_EQ(result.least_traffic_bytes, 10u) << "only the first activation leaves";
  EXPECT_EQ(bounds(Chain().builder.schedule(), 33).least_traffic_bytes, 0u);
}

TEST(Bounds, WeightsStayOnceTheyAreThereAndInputsComeEveryTime) {
  ScheduleBuilder builder;
  const TensorId weight = builder.tensor(Role::weight, 10);
  const TensorId input = builder.tensor(Role::input, 4);
  builder.op({weight, input}, {});
  EXPECT_EQ(bounds(builder.schedule(), 14).least_traffic_bytes, 4u);
  EXPECT_EQ(bounds(builder.schedule(), 14).peak_live_bytes, 14u);
}

TEST(Bounds, OfAWeightTooManyAlternateIterationsDoNotHideTraffic) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::weight, 10);
  const TensorId b = builder.tensor(Role::weight, 10);
  const TensorId c = builder.tensor(Role::weight, 10);
  for (const TensorId weight : {a, b, c}) builder.op({weight}, {});
  // Room for two: one of the three stays, the others take turns in the second place.
  EXPECT_GE(bounds(builder.schedule(), 20).least_traffic_bytes, 10u);
  EXPECT_EQ(bounds(builder.schedule(), 30).least_traffic_bytes, 0u);
}

TEST(Bounds, OfNothing) {
  const Bounds result = bounds({}, 0);
  EXPECT_EQ(result.ideal_ns + result.peak_live_bytes + result.largest_op_bytes + result.least_traffic_bytes,
            0u);
}

}  // namespace
}  // namespace octrain::advisor
