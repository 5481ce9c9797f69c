// The checker's part on placements.
#include <gtest/gtest.h>

#include "octrain/advisor/check.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::place;
using testing::ScheduleBuilder;

/// a lives over ops 0 and 1, b over 1 and 2, c over 2 alone.
struct PlacementTest : ::testing::Test {
  PlacementTest() {
    a = builder.tensor(Role::activation, 10);
    b = builder.tensor(Role::activation, 10);
    c = builder.tensor(Role::activation, 5);
    builder.op({}, {a});
    builder.op({a}, {b});
    builder.op({b}, {c});
  }
  std::vector<Verdict> judge(std::vector<Action> places, std::uint64_t budget_bytes = 100) const {
    for (const Action& action : {discard(1, a), discard(2, b), discard(2, c)}) places.push_back(action);
    return check(builder.schedule(), {places}, budget_bytes).verdicts;
  }
  ScheduleBuilder builder;
  TensorId a, b, c;
};

TEST_F(PlacementTest, TensorsThatDoNotMeetMayShare) {
  EXPECT_TRUE(judge({place(a, 0), place(b, 10), place(c, 5)}, 20).empty());
}

TEST_F(PlacementTest, TensorsThatMeetMayNot) {
  const auto verdicts = judge({place(a, 0), place(b, 9), place(c, 20)});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].op, 1u);
  EXPECT_EQ(verdicts[0].target, b);
}

TEST_F(PlacementTest, PastTheBudgetIsToldWithTheBytes) {
  const auto verdicts = judge({place(b, 24)}, 30);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::placement_over_budget);
  EXPECT_EQ(verdicts[0].excess_bytes, 4u);
  EXPECT_EQ(judge({place(b, 35)}, 30).at(0).excess_bytes, 15u);
}

TEST_F(PlacementTest, OncePerTensor) {
  const auto verdicts = judge({place(a, 0), place(a, 50)});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::placed_twice);
}

TEST(Placement, AWeightKeepsItsPlaceForTheWholeIteration) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 8);
  const TensorId a = builder.tensor(Role::activation, 8);
  builder.op({}, {a});
  const CheckReport report = check(builder.schedule(), {{place(w, 0), place(a, 4), discard(0, a)}}, 100);
  ASSERT_EQ(report.verdicts.size(), 1u);
  EXPECT_EQ(report.verdicts[0].defect, Defect::overlapping_placement);
}

}  // namespace
}  // namespace octrain::advisor
