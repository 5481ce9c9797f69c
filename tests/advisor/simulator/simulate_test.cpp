#include "octrain/advisor/simulate.h"

#include <gtest/gtest.h>

#include "octrain/advisor/policy.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::place;
using testing::prefetch;
using testing::recompute;
using testing::ScheduleBuilder;
using testing::unit_machine;
using Starts = std::vector<std::uint64_t>;

TEST(Simulate, AnOpWaitsForItsOperand) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 30);
  builder.op({x}, {}, 10);
  const Simulation run = simulate(builder.schedule(), {{prefetch(0, x), discard(0, x)}}, unit_machine(), 30);
  EXPECT_EQ(run.total_ns, 40u);
  EXPECT_EQ(run.stall_ns, 30u);
  EXPECT_EQ(run.in_bytes, 30u);
  EXPECT_EQ(run.discarded_bytes, 30u);
  EXPECT_EQ(run.op_start_ns, Starts{30});
}

TEST(Simulate, TransfersRunBesideComputation) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 30);
  builder.op({}, {}, 25);
  builder.op({x}, {}, 10);
  const Simulation run = simulate(builder.schedule(), {{prefetch(0, x), discard(1, x)}}, unit_machine(), 30);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 30}));
  EXPECT_EQ(run.stall_ns, 5u);
}

TEST(Simulate, WarmMeansWeightsAreThereAlready) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 30);
  builder.op({w}, {w}, 10);
  const Simulation run = simulate(builder.schedule(), {{prefetch(0, w)}}, unit_machine(), 30);
  EXPECT_EQ(run.total_ns, 10u);
  EXPECT_EQ(run.in_bytes + run.out_bytes, 0u);
}

/// a is made, leaves, b is made in its place, then a comes back.
struct OutAndBack : ::testing::Test {
  OutAndBack() {
    a = builder.tensor(Role::activation, 20);
    b = builder.tensor(Role::activation, 20);
    builder.op({}, {a}, 10);
    builder.op({}, {b}, 10);
    builder.op({b}, {}, 10);
    builder.op({a}, {}, 10);
  }
  Plan plan() const { return {{evict(0, a), discard(2, b), prefetch(3, a), discard(3, a)}}; }
  ScheduleBuilder builder;
  TensorId a, b;
};

TEST_F(OutAndBack, DirtyBytesAreFreedWhenTheWriteOutIsDone) {
  const Simulation run = simulate(builder.schedule(), plan(), unit_machine(), 20);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 30, 40, 70}));
  EXPECT_EQ(run.out_bytes, 20u);
  EXPECT_EQ(run.in_bytes, 20u);
  EXPECT_EQ(run.stall_ns, 40u);
  EXPECT_EQ(run.peak_bytes, 20u);
}

TEST_F(OutAndBack, WithSlackTheOutputNeedNotWait) {
  const Simulation run = simulate(builder.schedule(), plan(), unit_machine(), 40);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 10, 20, 50}));
  EXPECT_EQ(run.peak_bytes, 40u);
}

TEST_F(OutAndBack, AFreeLinkCostsNothing) {
  Machine machine = unit_machine();
  machine.link_in_bytes_per_s = 0;
  machine.link_out_bytes_per_s = 0;
  EXPECT_EQ(simulate(builder.schedule(), plan(), machine, 20).stall_ns, 0u);
}

TEST_F(OutAndBack, LatencyIsPaidOnceATransfer) {
  Machine machine = unit_machine();
  machine.transfer_latency_ns = 7;
  EXPECT_EQ(simulate(builder.schedule(), plan(), machine, 20).stall_ns, 54u);
}

TEST(Simulate, ASharedLinkCarriesOneTransferAtATime) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 20);
  const TensorId x = builder.tensor(Role::input, 20);
  builder.op({}, {a}, 10);
  builder.op({x}, {}, 10);
  builder.op({}, {}, 50);
  builder.op({a}, {}, 10);
  const Plan plan{{evict(0, a), prefetch(1, x), discard(1, x), prefetch(2, a), discard(3, a)}};
  Machine machine = unit_machine();
  EXPECT_EQ(simulate(builder.schedule(), plan, machine, 40).op_start_ns, (Starts{0, 30, 40, 90}));
  machine.link_duplex = false;
  EXPECT_EQ(simulate(builder.schedule(), plan, machine, 40).op_start_ns, (Starts{0, 30, 40, 90}))
      << "the bring-in goes first, the write-out has time";
  EXPECT_EQ(simulate(builder.schedule(), plan, machine, 20).op_start_ns, (Starts{0, 50, 60, 110}))
      << "no room: first out, then in";
}

TEST(Simulate, CleanContentsLeaveAtOnce) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 20);
  const TensorId a = builder.tensor(Role::activation, 20);
  builder.op({w}, {}, 10);
  builder.op({}, {a}, 10);
  const Simulation run =
      simulate(builder.schedule(), {{prefetch(0, w), evict(0, w), discard(1, a)}}, unit_machine(), 20);
  EXPECT_EQ(run.op_start_ns, (Starts{20, 30}));
  EXPECT_EQ(run.out_bytes, 0u);
}

/// The same, but a's op waits for the 20 ns that w takes to leave.
TEST(Simulate, CleanContentsAreCopiedWhereTheMachineKeepsNoCopy) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 20);
  const TensorId a = builder.tensor(Role::activation, 20);
  builder.op({w}, {}, 10);
  builder.op({}, {a}, 10);
  Machine machine = unit_machine();
  machine.clean_evictions_copy = true;
  const Simulation run =
      simulate(builder.schedule(), {{prefetch(0, w), evict(0, w), discard(1, a)}}, machine, 20);
  EXPECT_EQ(run.op_start_ns, (Starts{20, 50}));
  EXPECT_EQ(run.out_bytes, 20u);
}

TEST(Simulate, APrefetchOfDeadContentsReservesWithoutATransfer) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 20);
  builder.op({}, {a}, 10);
  const Simulation run = simulate(builder.schedule(), {{prefetch(0, a), discard(0, a)}}, unit_machine(), 20);
  EXPECT_EQ(run.stall_ns, 0u);
  EXPECT_EQ(run.in_bytes, 0u);
}

TEST(Simulate, RecomputationIsCountedApart) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 20);
  builder.op({}, {a}, 10);
  builder.op({}, {}, 5);
  builder.op({a}, {}, 10);
  const Simulation run =
      simulate(builder.schedule(), {{discard(0, a), recompute(2, 0), discard(2, a)}}, unit_machine(), 20);
  EXPECT_EQ(run.compute_ns, 25u);
  EXPECT_EQ(run.recompute_ns, 10u);
  EXPECT_EQ(run.total_ns, 35u);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 10, 25}));
}

TEST(Simulate, AnOutputInPlaceTakesNoBytesOfItsOwn) {
  // a → b → c, all on the same 10 bytes, of which there are 10; b leaves and comes back in between.
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 10), b = builder.tensor(Role::activation, 10),
                 c = builder.tensor(Role::activation, 10);
  builder.op({}, {a}, 5);
  builder.overwrite(builder.op({a}, {b}, 5), a, b);
  builder.overwrite(builder.op({b}, {c}, 5), b, c);
  builder.op({c}, {}, 5);
  const Plan plan = {{place(a, 0), place(b, 0), place(c, 0), evict(1, b), prefetch(2, b), discard(3, c)}};
  const Simulation run = simulate(builder.schedule(), plan, unit_machine(), 10);
  EXPECT_EQ(run.peak_bytes, 10u);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 5, 30, 35}));
  EXPECT_EQ(run.total_ns, 40u);
  EXPECT_EQ(run.out_bytes, 10u);
  EXPECT_EQ(run.in_bytes, 10u);
  const Plan apart = {{place(a, 0), place(b, 10), place(c, 20), discard(1, a), discard(2, b), discard(3, c)}};
  EXPECT_EQ(simulate(builder.schedule(), apart, unit_machine(), 30).peak_bytes, 20u);
}

TEST(Simulate, APlanThatCannotWorkEnds) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 20);
  builder.op({x}, {}, 10);
  EXPECT_TRUE(simulate(builder.schedule(), {}, unit_machine(), 20).op_start_ns.empty());
  EXPECT_TRUE(simulate(builder.schedule(), {{prefetch(0, x)}}, unit_machine(), 10).op_start_ns.empty());
}

TEST(Simulate, AHundredThousandOpsAreNoTrouble) {
  ScheduleBuilder builder;
  constexpr OpIndex kHalf = 50'000;
  for (OpIndex i = 0; i < kHalf; ++i) {
    const TensorId a = builder.tensor(Role::activation, 20);
    builder.op(i == 0 ? std::vector<TensorId>{} : std::vector{a - 1}, {a}, 50);
  }
  for (TensorId a = kHalf; a-- > 0;) builder.op({a}, {}, 50);
  const std::uint64_t budget_bytes = 20 * kHalf / 4;
  for (const char* policy : {"lookahead", "lru"}) {
    const Plan plan = find_policy(policy)->make_plan({builder.schedule(), unit_machine(), budget_bytes}).plan;
    const Simulation run = simulate(builder.schedule(), plan, unit_machine(), budget_bytes);
    EXPECT_EQ(run.op_start_ns.size(), 2 * kHalf);
    EXPECT_GE(run.out_bytes, budget_bytes * 3 - 40);
  }
}

}  // namespace
}  // namespace octrain::advisor
