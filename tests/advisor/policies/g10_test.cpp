// G10 on schedules small enough to work by hand. A byte takes a nanosecond each way.
#include <gtest/gtest.h>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/deep_schedule.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Options = std::map<std::string, double, std::less<>>;

Actions plan(const ScheduleBuilder& builder, std::uint64_t budget_bytes, const Options& options = {},
             const Machine& machine = testing::unit_machine()) {
  const PlanRequest request{builder.schedule(), machine, budget_bytes, options};
  const PlanResult result = find_policy("g10")->make_plan(request);
  EXPECT_TRUE(check(builder.schedule(), result.plan, budget_bytes).ok());
  return result.plan.actions;
}

/// a rests from op 0 to op 5; only op 2 needs more than 40 bytes: b, c, and a if it stays.
struct OneInterval : ::testing::Test {
  explicit OneInterval(std::uint64_t op_ns = 20) {
    a = builder.tensor(Role::activation, 20);
    b = builder.tensor(Role::activation, 20);
    c = builder.tensor(Role::activation, 20);
    builder.op({}, {a}, op_ns);
    builder.op({}, {b}, op_ns);
    builder.op({b}, {c}, op_ns);
    builder.op({c}, {}, op_ns);
    builder.op({}, {}, op_ns);
    builder.op({a}, {}, op_ns);
  }
  ScheduleBuilder builder;
  TensorId a, b, c;
};

TEST_F(OneInterval, ComesBackAsLateAsTheLinkAllows) {
  EXPECT_EQ(plan(builder, 40, {{"hoist", 0}}),
            (Actions{evict(0, a), discard(2, b), discard(3, c), prefetch(4, a), discard(5, a)}))
      << "out during op 1, in during op 4";
}

TEST_F(OneInterval, ThenEarlierWhileThereIsRoom) {
  EXPECT_EQ(plan(builder, 40),
            (Actions{evict(0, a), discard(2, b), prefetch(3, a), discard(3, c), discard(5, a)}))
      << "during op 3 it lies beside c, during op 2 it cannot";
}

TEST_F(OneInterval, WithRoomNothingMoves) {
  EXPECT_EQ(plan(builder, 60), (Actions{discard(2, b), discard(3, c), discard(5, a)}));
}

TEST_F(OneInterval, CoarserBucketsAreReservedAsAWhole) {
  // Buckets of two ops: the first, ops 0 and 1, has begun when a is done with; it leaves in ops 2 and 3, and
  // op 2 gains nothing. So it leaves on demand, and comes back at its op or, hoisted, earlier.
  EXPECT_EQ(plan(builder, 40, {{"bucket-us", 0.04}, {"hoist", 0}}),
            (Actions{evict(0, a), discard(2, b), discard(3, c), prefetch(5, a), discard(5, a)}));
}

struct NoTimeToTravel : OneInterval {
  NoTimeToTravel() : OneInterval(5) {}
};

TEST_F(NoTimeToTravel, ItLeavesOnDemandAndComesBackAtItsOp) {
  EXPECT_EQ(plan(builder, 40, {{"hoist", 0}}),
            (Actions{evict(0, a), discard(2, b), discard(3, c), prefetch(5, a), discard(5, a)}));
}

TEST_F(OneInterval, ASharedLinkHasTimeForOneDirection) {
  Machine machine = testing::unit_machine();
  machine.link_duplex = false;
  EXPECT_EQ(plan(builder, 40, {{"hoist", 0}}, machine),
            (Actions{evict(0, a), discard(2, b), discard(3, c), prefetch(4, a), discard(5, a)}))
      << "op 1 carries it out, op 4 in: they do not meet";
}

TEST_F(OneInterval, WithoutLivenessTheDeadTakeRoomUntilTheyAreSentAway) {
  // b and c stay after their last use: ops 3 to 5 hold 60 bytes as well. a leaves (80 ns above 40 bytes until
  // op 5 begins), and at op 5 so must b or c: b's rest, from op 2 on, is the longer.
  EXPECT_EQ(plan(builder, 40, {{"liveness", 0}, {"hoist", 0}}),
            (Actions{evict(0, a), evict(2, b), prefetch(4, a), discard(5, a), discard(5, b), discard(5, c)}));
}

TEST(G10, TakesTheIntervalThatRelievesMost) {
  ScheduleBuilder builder;
  const TensorId small = builder.tensor(Role::activation, 10);
  const TensorId large = builder.tensor(Role::activation, 30);
  const TensorId c = builder.tensor(Role::activation, 20);
  builder.op({}, {small}, 50);
  builder.op({}, {large}, 50);
  builder.op({}, {}, 50);
  builder.op({}, {c}, 50);
  builder.op({}, {}, 50);
  builder.op({large}, {}, 50);
  builder.op({small}, {}, 50);
  // Op 3 holds 60 bytes of 50. Either would do; large relieves it of three times as much.
  EXPECT_EQ(plan(builder, 50, {{"hoist", 0}}), (Actions{evict(1, large), discard(3, c), prefetch(4, large),
                                                        discard(5, large), discard(6, small)}));
}

TEST(G10, AWeightsRestRunsOverTheEndOfTheIteration) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 20);
  const TensorId a = builder.tensor(Role::activation, 30);
  builder.op({}, {}, 30);
  builder.op({w}, {}, 30);
  builder.op({}, {}, 30);
  builder.op({}, {a}, 30);
  // w's rest: ops 2, 3 and 0. It leaves during op 2, comes back during op 0.
  EXPECT_EQ(plan(builder, 40, {{"hoist", 0}}), (Actions{prefetch(0, w), evict(1, w), discard(3, a)}));
}

TEST(G10, InputsComeInTime) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 30);
  builder.op({}, {}, 20);
  builder.op({}, {}, 20);
  builder.op({}, {}, 20);
  builder.op({x}, {}, 20);
  EXPECT_EQ(plan(builder, 30, {{"hoist", 0}}), (Actions{prefetch(1, x), discard(3, x)}));
  EXPECT_EQ(plan(builder, 30), (Actions{prefetch(0, x), discard(3, x)}));
}

// Ten thousand intervals around one another: too many to look at all of them for each that is taken. The link
// can carry what a third of the footprint leaves out.
TEST(G10, OfVeryManyIntervalsItStillFindsGoodOnes) {
  const Schedule schedule = testing::deep_schedule(10'000);
  Machine machine = *find_machine("v100-16g");
  machine.host_bytes = 0;  // as much as it takes
  const std::uint64_t budget_bytes = footprint_bytes(schedule) / 3;
  const PlanResult result = find_policy("g10")->make_plan({schedule, machine, budget_bytes});
  ASSERT_TRUE(check(schedule, result.plan, budget_bytes).ok());
  const Simulation run = simulate(schedule, result.plan, machine, budget_bytes);
  EXPECT_LE(static_cast<double>(run.stall_ns), 0.002 * static_cast<double>(run.compute_ns));
  const std::uint64_t least_bytes = bounds(schedule, budget_bytes).least_traffic_bytes;
  EXPECT_LE(static_cast<double>(run.in_bytes), 1.1 * static_cast<double>(least_bytes));
}

}  // namespace
}  // namespace octrain::advisor
