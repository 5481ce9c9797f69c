#include "octrain/advisor/policy.h"

#include <gtest/gtest.h>

#include "octrain/advisor/simulate.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

TEST(Policy, TheTableHoldsTheNamedOnesAndAutoIsFoundByName) {
  for (const char* name : {"naive", "oc-caffe", "lru", "lookahead", "vdnn-all", "vdnn-conv", "vdnn-dyn",
                           "superneurons", "tflms", "autoswap", "capuchin", "flashneuron", "g10", "deepum"}) {
    const Policy* policy = find_policy(name);
    ASSERT_NE(policy, nullptr) << name;
    EXPECT_EQ(policy->name, name);
    EXPECT_EQ(policy->make_plan({{}, {}, 0}).policy, name);
  }
  EXPECT_EQ(policies().size(), 14u);
  ASSERT_NE(find_policy("auto"), nullptr);
  EXPECT_EQ(find_policy("oracle"), nullptr);
}

TEST(Policy, AutoNamesTheCandidateItTook) {
  ScheduleBuilder builder;
  const TensorId weight = builder.tensor(Role::weight, 10);
  builder.op({weight}, {});
  const Machine machine = testing::unit_machine();
  const PlanResult result = find_policy("auto")->make_plan({builder.schedule(), machine, 10});
  EXPECT_EQ(result.policy, "lookahead") << "the first of equals";
  EXPECT_EQ(simulate(builder.schedule(), result.plan, machine, 10).in_bytes, 0u);
}

TEST(Policy, ShortfallIsWhatTheLargestOpLacks) {
  ScheduleBuilder builder;
  const TensorId weight = builder.tensor(Role::weight, 10);
  builder.op({weight}, {}, 1, 5);
  for (const char* name : {"naive", "oc-caffe", "lru", "lookahead", "autoswap", "capuchin", "flashneuron",
                           "g10", "deepum", "auto"}) {
    const PlanResult result = find_policy(name)->make_plan({builder.schedule(), {}, 12});
    EXPECT_FALSE(result.feasible());
    EXPECT_EQ(result.shortfall_bytes, 3u) << name;
    EXPECT_TRUE(result.plan.actions.empty());
  }
}

TEST(Policy, AnEmptyScheduleNeedsNoAction) {
  for (const Policy& policy : policies()) {
    const PlanResult result = policy.make_plan({{}, {}, 0});
    EXPECT_TRUE(result.feasible());
    EXPECT_TRUE(result.plan.actions.empty());
  }
}

}  // namespace
}  // namespace octrain::advisor
