// Host memory with an end, and the tier below it, worked by hand.
#include <gtest/gtest.h>

#include "octrain/advisor/simulate.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Starts = std::vector<std::uint64_t>;

/// A byte takes 1 ns over the link and 4 ns to or from the tier.
Machine tiered_machine(std::uint64_t host_bytes) {
  Machine machine = testing::unit_machine();
  machine.block_bytes = 10;
  machine.fault_bytes = 10;
  machine.host_bytes = host_bytes;
  machine.tier_bytes_per_s = 0.25e9;
  return machine;
}

/// a is made, leaves, b is made in its place, then a comes back.
struct OutAndBackToTheTier : ::testing::Test {
  OutAndBackToTheTier() {
    a = builder.tensor(Role::activation, 20);
    b = builder.tensor(Role::activation, 20);
    builder.op({}, {a});
    builder.op({}, {b});
    builder.op({b}, {});
    builder.op({a}, {});
  }
  [[nodiscard]] Starts starts(const Machine& machine) const {
    const Plan plan{{evict(0, a), discard(2, b), prefetch(3, a), discard(3, a)}};
    return simulate(builder.schedule(), plan, machine, 20).op_start_ns;
  }
  ScheduleBuilder builder;
  TensorId a, b;
};

TEST_F(OutAndBackToTheTier, WhatTheHostHoldsTravelsAtTheLinksSpeed) {
  EXPECT_EQ(starts(tiered_machine(20)), (Starts{0, 30, 40, 70}));
}

TEST_F(OutAndBackToTheTier, TheRestTravelsAtTheTiers) {
  EXPECT_EQ(starts(tiered_machine(1)), (Starts{0, 10 + 76, 96, 106 + 76})) << "19 bytes at 4 ns";
  EXPECT_EQ(starts(tiered_machine(10)), (Starts{0, 10 + 40, 60, 70 + 40}));
  EXPECT_EQ(starts(tiered_machine(15)), (Starts{0, 10 + 20, 40, 50 + 20})) << "the link takes as long";
}

TEST_F(OutAndBackToTheTier, NoLimitAndNoTierMeanAllIsHost) {
  EXPECT_EQ(starts(tiered_machine(0)), (Starts{0, 30, 40, 70}));
  Machine machine = tiered_machine(1);
  machine.tier_bytes_per_s = 0;
  EXPECT_EQ(starts(machine), (Starts{0, 30, 40, 70}));
}

TEST(Tier, WeightsFillTheHostInTheirOrder) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 20);
  const TensorId w = builder.tensor(Role::weight, 20);
  builder.op({v}, {});
  builder.op({w}, {});
  const Plan plan{{prefetch(0, v), evict(0, v), prefetch(1, w), evict(1, w)}};
  const Simulation run = simulate(builder.schedule(), plan, tiered_machine(20), 20);
  EXPECT_EQ(run.op_start_ns, (Starts{20, 30 + 80}));
}

TEST(Tier, RoomOnTheHostIsFreedByWhoeverLeavesIt) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 20);
  const TensorId b = builder.tensor(Role::activation, 20);
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({b}, {});
  const Plan dead_leaves{{evict(0, a), discard(1, a), evict(1, b), prefetch(2, b), discard(2, b)}};
  const Plan dead_stays{{evict(0, a), evict(1, b), prefetch(2, b), discard(2, b), discard(2, a)}};
  const Machine machine = tiered_machine(20);
  EXPECT_EQ(simulate(builder.schedule(), dead_leaves, machine, 20).op_start_ns, (Starts{0, 30, 80}));
  EXPECT_EQ(simulate(builder.schedule(), dead_stays, machine, 20).op_start_ns, (Starts{0, 30, 40 + 80 + 80}));
}

TEST(Tier, FaultsReachDownToIt) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 20);
  const TensorId w = builder.tensor(Role::weight, 20);
  builder.op({v}, {});
  builder.op({w}, {});
  // One of them is on the device, the other fills the host: nothing is left for the tier. With half the host,
  // half of what travels comes from the tier, and half of what goes goes there.
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, tiered_machine(20), 20).op_start_ns, (Starts{20, 50}));
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, tiered_machine(10), 20).op_start_ns, (Starts{40, 90}));
}

}  // namespace
}  // namespace octrain::advisor
