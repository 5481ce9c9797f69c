// Wishes become plans: carried out to the letter where there is room, as far as possible where there is not.
#include "policies/directed_pager.h"

#include <gtest/gtest.h>

#include "octrain/advisor/check.h"
#include "octrain/advisor/simulate.h"
#include "support/random_schedule.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::RandomSchedule;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Kind = Wish::Kind;

Actions plan(const ScheduleBuilder& builder, std::uint64_t budget_bytes, const Direction& direction) {
  const Machine machine = testing::unit_machine();
  const PlanRequest request{builder.schedule(), machine, budget_bytes};
  const Plan result = DirectedPager(request).plan(direction);
  EXPECT_TRUE(check(builder.schedule(), result, budget_bytes).ok());
  return result.actions;
}

/// a is made by op 0 and needed by op 5; b, made by op 1, fills the room until its last use.
struct DirectedPagerTest : ::testing::Test {
  void make(OpIndex last_use_of_b) {
    a = builder.tensor(Role::activation, 2);
    b = builder.tensor(Role::activation, 2);
    builder.op({}, {a});
    builder.op({}, {b});
    for (OpIndex op = 2; op < 7; ++op) {
      std::vector<TensorId> reads;
      if (op == 5) reads.push_back(a);
      if (op == last_use_of_b) reads.push_back(b);
      builder.op(reads, {});
    }
  }
  [[nodiscard]] Actions plan(std::uint64_t budget_bytes) const {
    return advisor::plan(builder, budget_bytes, {{{Kind::prefetch, 3, a}, {Kind::evict, 0, a}}});
  }
  ScheduleBuilder builder;
  TensorId a = 0, b = 0;
};

TEST_F(DirectedPagerTest, WithRoomWishesAreCarriedOutToTheLetter) {
  make(6);
  EXPECT_EQ(plan(4), (Actions{evict(0, a), prefetch(3, a), discard(5, a), discard(6, b)}));
}

TEST_F(DirectedPagerTest, APrefetchWaitsForWhatIsNeededSooner) {
  make(3);
  EXPECT_EQ(plan(2), (Actions{evict(0, a), discard(3, b), prefetch(4, a), discard(5, a)}));
}

TEST_F(DirectedPagerTest, APrefetchThatFindsNoRoomComesOnDemand) {
  make(4);
  EXPECT_EQ(plan(3), (Actions{evict(0, a), discard(4, b), prefetch(5, a), discard(5, a)}));
}

TEST_F(DirectedPagerTest, NothingLeavesForAPrefetchBeforeTheOpThatNeedsIt) {
  make(6);
  EXPECT_EQ(plan(2), (Actions{evict(0, a), evict(4, b), prefetch(5, a), discard(5, a), prefetch(6, b),
                              discard(6, b)}));
}

/// Op 2 needs the last byte for its workspace, and later op 4 does for what it makes: when a is asked for
/// before op 1 there is room, but not for as long as it takes.
TEST(DirectedPager, APrefetchLeavesRoomForTheOpsBeforeItsUse) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::input, 2);
  const TensorId b = builder.tensor(Role::activation, 2);
  builder.op({}, {});
  builder.op({}, {});
  builder.op({}, {}, 1, 3);
  builder.op({}, {});
  builder.op({}, {b});
  builder.op({}, {});
  builder.op({a}, {});
  EXPECT_EQ(plan(builder, 4, {{{Kind::prefetch, 1, a}}}),
            (Actions{prefetch(3, a), discard(4, b), discard(6, a)}));
  EXPECT_EQ(plan(builder, 3, {{{Kind::prefetch, 1, a}}}),
            (Actions{discard(4, b), prefetch(5, a), discard(6, a)}));
}

TEST(DirectedPager, ThoseNeededFirstComeFirst) {
  ScheduleBuilder builder;
  TensorId in[3];
  for (TensorId& t : in) t = builder.tensor(Role::input, 1);
  builder.op({}, {});
  for (const TensorId t : in) builder.op({t}, {});
  const Direction direction{
      {{Kind::prefetch, 0, in[2]}, {Kind::prefetch, 0, in[1]}, {Kind::prefetch, 0, in[0]}}};
  // Room for two: the third comes when the first is dead.
  EXPECT_EQ(plan(builder, 2, direction), (Actions{prefetch(0, in[0]), prefetch(0, in[1]), discard(1, in[0]),
                                                  prefetch(2, in[2]), discard(2, in[1]), discard(3, in[2])}));
}

TEST(DirectedPager, NothingIsBroughtThatIsOverwrittenFirst) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId w = builder.tensor(Role::weight, 1);
  builder.op({}, {});
  builder.op({}, {a, w});
  EXPECT_EQ(plan(builder, 2, {{{Kind::prefetch, 0, a}, {Kind::prefetch, 0, w}, {Kind::evict, 1, w}}}),
            (Actions{discard(1, a), evict(1, w)}));
}

/// The weight is less recent than the activation when op 2 needs room.
TEST(DirectedPager, TheKeptLeaveLast) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 1);
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  builder.op({w}, {});
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({a, w}, {});
  const Actions by_recency = plan(builder, 2, {});
  EXPECT_EQ(std::count(by_recency.begin(), by_recency.end(), evict(1, w)), 1);
  EXPECT_EQ(plan(builder, 2, {{}, persistent_tensors(builder.schedule())}),
            (Actions{prefetch(0, w), evict(1, a), discard(2, b), prefetch(3, a), discard(3, a)}));
}

TEST(DirectedPager, TheDeadStayUntilTheirRoomIsNeededIfAskedFor) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  const TensorId c = builder.tensor(Role::activation, 1);
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({}, {c});
  EXPECT_EQ(plan(builder, 2, {{}, {}, false}), (Actions{evict(1, a), discard(2, b), discard(2, c)}));
  EXPECT_EQ(plan(builder, 2, {{}, {}, true}), (Actions{discard(0, a), discard(1, b), discard(2, c)}));
}

TEST(DirectedPager, AnyWishesMakeAValidPlanUnderAnyBudget) {
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = testing::random_schedule(seed);
    RandomSchedule random(seed + 1);
    Direction direction;
    for (std::uint32_t i = random.below(60); i > 0; --i) {
      const auto op = random.below(static_cast<std::uint32_t>(schedule.ops.size()));
      const auto tensor = random.below(static_cast<std::uint32_t>(schedule.tensors.size()));
      direction.wishes.push_back({random.below(2) == 0 ? Kind::evict : Kind::prefetch, op, tensor});
    }
    if (random.below(2) == 0) direction.kept = persistent_tensors(schedule);
    direction.discards_dead = random.below(4) != 0;
    if (random.below(2) == 0) direction.recency = DemandPager::Recency::migration;
    const std::uint64_t least = largest_op_bytes(schedule);
    const Machine machine = testing::unit_machine();
    for (const std::uint64_t budget_bytes : {least, least + (footprint_bytes(schedule) - least) / 3}) {
      DirectedPager pager({schedule, machine, budget_bytes});
      const Plan plan = pager.plan(direction);
      const CheckReport report = check(schedule, plan, budget_bytes);
      ASSERT_TRUE(report.ok()) << report.verdicts.front().message;
      ASSERT_EQ(simulate(schedule, plan, machine, budget_bytes).op_start_ns.size(), schedule.ops.size());
      EXPECT_EQ(pager.plan(direction), plan) << "nothing is left of the direction before";
    }
  }
}

}  // namespace
}  // namespace octrain::advisor
