// Runs that leave their operands to faults, worked by hand. Blocks of 10 bytes, each a fault of 5 ns; a byte
// takes a nanosecond each way.
#include <gtest/gtest.h>

#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::recompute;
using testing::ScheduleBuilder;
using Starts = std::vector<std::uint64_t>;

Machine block_machine() {
  Machine machine = testing::unit_machine();
  machine.block_bytes = 10;
  machine.fault_bytes = 10;
  machine.fault_ns = 5;
  return machine;
}

TEST(SimulateOnDemand, WhatFitsFaultsOnceAndNeverAgain) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 20);
  const TensorId a = builder.tensor(Role::activation, 10);
  builder.op({w}, {a});
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 30);
  EXPECT_EQ(run.total_ns, 10u) << "the second iteration finds everything there, the dead too";
  EXPECT_EQ(run.faults, 0u);
  EXPECT_EQ(run.in_bytes + run.out_bytes, 0u);
  EXPECT_EQ(run.peak_bytes, 30u);
}

/// Who leaves is who came first. In the second iteration a and b lie on the device at first, c on the host.
/// At op 3 c takes a's place, at op 4 a takes b's, at op 5 b takes c's: each time contents travel both ways.
struct ThreeForTwo : ::testing::Test {
  ThreeForTwo() {
    a = builder.tensor(Role::activation, 10);
    b = builder.tensor(Role::activation, 10);
    c = builder.tensor(Role::activation, 10);
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

TEST_F(ThreeForTwo, TheFirstToComeLeavesAndTheDeadTravelLikeTheLiving) {
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 20);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 10, 20, 45, 70, 95})) << "5 + 10 each, in and out side by side";
  EXPECT_EQ(run.total_ns, 105u);
  EXPECT_EQ(run.stall_ns, 45u);
  EXPECT_EQ(run.faults, 3u);
  EXPECT_EQ(run.in_bytes, 30u);
  EXPECT_EQ(run.fault_in_bytes, 30u);
  EXPECT_EQ(run.out_bytes, 30u);
  EXPECT_EQ(run.driver_evicted_bytes, 30u);
}

TEST_F(ThreeForTwo, ASharedLinkCarriesOneDirectionAtATime) {
  Machine machine = block_machine();
  machine.link_duplex = false;
  const Simulation run = simulate_on_demand(builder.schedule(), {}, machine, 20);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 10, 20, 55, 90, 125}));
}

TEST_F(ThreeForTwo, WhoTracksWritesCopiesOutWhatWasWrittenOnly) {
  Machine machine = block_machine();
  machine.tracks_writes = true;
  const Simulation run = simulate_on_demand(builder.schedule(), {}, machine, 20);
  EXPECT_EQ(run.in_bytes, 30u);
  EXPECT_EQ(run.driver_evicted_bytes, 30u);
  EXPECT_EQ(run.out_bytes, 30u) << "each was written before it left";

  ScheduleBuilder reads;
  const TensorId v = reads.tensor(Role::weight, 10);
  const TensorId w = reads.tensor(Role::weight, 10);
  reads.op({v}, {});
  reads.op({w}, {});
  EXPECT_EQ(simulate_on_demand(reads.schedule(), {}, machine, 10).out_bytes, 0u);
  EXPECT_EQ(simulate_on_demand(reads.schedule(), {}, block_machine(), 10).out_bytes, 20u);
}

TEST_F(ThreeForTwo, HintsSpareTheFaultsAndTheDead) {
  // c is dead after op 3 and gives its room up; a and b stay.
  const Plan hints{{discard(3, c)}};
  const Simulation kept = simulate_on_demand(builder.schedule(), hints, block_machine(), 30);
  EXPECT_EQ(kept.faults, 1u) << "c finds no contents, yet it is touched anew";
  EXPECT_EQ(kept.in_bytes + kept.out_bytes, 0u);
  EXPECT_EQ(kept.discarded_bytes, 10u);
  EXPECT_EQ(kept.op_start_ns, (Starts{0, 10, 20, 35, 45, 55}));
}

TEST(SimulateOnDemand, APrefetchTravelsBesideTheOps) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 20);
  const TensorId w = builder.tensor(Role::weight, 20);
  builder.op({v}, {}, 30);
  builder.op({w}, {}, 30);
  // Each is sent away after its use and for again while the other runs. As an iteration begins, w leaves for
  // 20 ns and comes back in the 20 after, until 40; v, on its way since the last one, is there at 10. Op 0
  // ends at 40; v leaves until 60, comes back until 80, and that is 10 into the next iteration.
  const Plan hints{{evict(0, v), prefetch(1, v), evict(1, w), prefetch(0, w)}};
  const Simulation run = simulate_on_demand(builder.schedule(), hints, block_machine(), 40);
  EXPECT_EQ(run.op_start_ns, (Starts{10, 40}));
  EXPECT_EQ(run.total_ns, 70u);
  EXPECT_EQ(run.faults, 0u);
  EXPECT_EQ(run.in_bytes, 40u);
  EXPECT_EQ(run.fault_in_bytes, 0u);
  EXPECT_EQ(run.out_bytes, 40u);
}

TEST(SimulateOnDemand, ATouchMakesATensorTheLastToLeave) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 10);
  const TensorId w = builder.tensor(Role::weight, 10);
  const TensorId x = builder.tensor(Role::weight, 10);
  builder.op({v}, {});
  builder.op({w}, {});
  builder.op({x}, {});
  builder.op({v}, {});
  // Two places. Without touches w, x and v come anew in each iteration. With them v always came last when w
  // and x come, and they take each other's place.
  const Plan touches{{prefetch(0, v), prefetch(2, v)}};
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, block_machine(), 20).in_bytes, 30u);
  EXPECT_EQ(simulate_on_demand(builder.schedule(), touches, block_machine(), 20).in_bytes, 20u);
}

TEST(SimulateOnDemand, AnOperandCanPushOutItsNeighbour) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 10);
  const TensorId b = builder.tensor(Role::activation, 10);
  const TensorId c = builder.tensor(Role::activation, 10);
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({a}, {c});
  // Second iteration: c and a are there, b takes c's place; at op 2 c takes a's, and a, needed too, takes
  // b's.
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 20);
  EXPECT_EQ(run.in_bytes, 30u);
  EXPECT_EQ(run.faults, 3u);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 25, 65})) << "two faults and 20 bytes before op 2";
}

TEST(SimulateOnDemand, OperandsThatDoNotFitTogetherAreSweptTwice) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 20);
  const TensorId w = builder.tensor(Role::weight, 20);
  builder.op({v, w}, {});
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 30);
  EXPECT_EQ(run.in_bytes, 80u);
  EXPECT_EQ(run.out_bytes, 80u);
  EXPECT_EQ(run.faults, 8u);
  EXPECT_EQ(run.total_ns, 8 * 5 + 80 + 10u);
  EXPECT_LE(run.peak_bytes, 30u);
}

TEST(SimulateOnDemand, ATensorLargerThanTheDeviceComesInPieces) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 50);
  builder.op({w}, {});
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 20);
  EXPECT_EQ(run.in_bytes, 100u);
  EXPECT_EQ(run.peak_bytes, 20u);
  EXPECT_TRUE(simulate_on_demand(builder.schedule(), {}, block_machine(), 0).op_start_ns.empty());
}

TEST(SimulateOnDemand, InputsComeAnewInEveryIteration) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 20);
  builder.op({x}, {});
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 100);
  EXPECT_EQ(run.in_bytes, 20u);
  EXPECT_EQ(run.out_bytes, 0u) << "the host has overwritten them";
  EXPECT_EQ(run.op_start_ns, Starts{30});
}

TEST(SimulateOnDemand, OverlappingFaultsCostOneLatencyAnOp) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 40);
  builder.op({x}, {});
  Machine machine = block_machine();
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, machine, 100).op_start_ns, Starts{60});
  machine.faults_overlap = true;
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, machine, 100).op_start_ns, Starts{45});
}

TEST(SimulateOnDemand, WorkspaceIsMemoryLikeAnyOther) {
  ScheduleBuilder builder;
  const TensorId v = builder.tensor(Role::weight, 20);
  const TensorId w = builder.tensor(Role::weight, 20);
  builder.op({v}, {}, 10, 20);
  builder.op({w}, {}, 10);
  // 40 bytes: w takes v's place, then v, at the next op 0, that of the workspace, which is needed, too, and
  // takes w's. All three travel in each iteration, the workspace's dead contents as well.
  const Simulation run = simulate_on_demand(builder.schedule(), {}, block_machine(), 40);
  EXPECT_EQ(run.in_bytes, 60u);
  EXPECT_EQ(run.out_bytes, 60u);
  EXPECT_EQ(simulate_on_demand(builder.schedule(), {}, block_machine(), 60).in_bytes, 0u);
}

TEST(SimulateOnDemand, RunsAgainAreCountedApart) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 20);
  builder.op({}, {a});
  builder.op({a}, {}, 5);
  const Simulation run =
      simulate_on_demand(builder.schedule(), {{discard(0, a), recompute(1, 0)}}, block_machine(), 20);
  EXPECT_EQ(run.recompute_ns, 10u);
  EXPECT_EQ(run.compute_ns, 15u);
  EXPECT_EQ(run.faults, 2u) << "after the discard; op 0 finds a from the last iteration";
  EXPECT_EQ(run.in_bytes, 0u);
  EXPECT_EQ(run.op_start_ns, (Starts{0, 30}));
}

TEST_F(ThreeForTwo, PredictGoesByTheDriverForNaiveAndByThePlanForTheRest) {
  const Machine machine = block_machine();
  const PlanRequest request{builder.schedule(), machine, 20};
  const auto predicted = [&](const char* name) {
    const Policy& policy = *find_policy(name);
    return predict(policy, policy.make_plan(request), request);
  };
  EXPECT_EQ(predicted("naive").faults, 3u);
  EXPECT_EQ(predicted("naive").total_ns, 105u);
  for (const char* name : {"lru", "lookahead", "g10", "deepum", "auto"}) {
    const Plan plan = find_policy(name)->make_plan(request).plan;
    EXPECT_EQ(predicted(name).faults, 0u) << name;
    EXPECT_EQ(predicted(name).total_ns, simulate(builder.schedule(), plan, machine, 20).total_ns) << name;
  }
}

}  // namespace
}  // namespace octrain::advisor
