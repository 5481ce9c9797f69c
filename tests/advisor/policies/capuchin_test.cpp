#include <gtest/gtest.h>

#include "octrain/advisor/simulate.h"
#include "support/plan_answers.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::evicted;
using testing::Options;
using testing::plan_by;
using testing::prefetch;
using testing::prefetches;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Ids = std::set<TensorId>;

/// p (15 bytes) is away from 10 to 60 ns, q (20 bytes) from 20 to 70, for op 2 leaves room for neither.
Schedule two_returns() {
  ScheduleBuilder builder;
  const TensorId p = builder.tensor(Role::activation, 15);
  const TensorId q = builder.tensor(Role::activation, 20);
  builder.op({}, {p}, 10);
  builder.op({}, {q}, 10);
  builder.op({}, {}, 10, 30);
  for (int i = 0; i < 3; ++i) builder.op({}, {}, 10);
  builder.op({p}, {}, 10);
  builder.op({q}, {}, 10);
  return builder.schedule();
}
constexpr TensorId kP = 0, kQ = 1;
constexpr std::uint64_t kBudget = 35;

/// Swap-outs cost nothing, so that the swap-ins alone decide.
Machine free_way_out() {
  Machine machine = testing::unit_machine();
  machine.link_out_bytes_per_s = 0;
  return machine;
}

std::uint64_t stall_ns(const Options& options) {
  const Machine machine = free_way_out();
  const Plan plan = plan_by("capuchin", two_returns(), kBudget, options, machine);
  return simulate(two_returns(), plan, machine, kBudget).stall_ns;
}

TEST(Capuchin, TheMostFreeTimeGoesFirst) {
  // One of a (free 40 - 8 ns) and b (free 20 - 8 ns) must leave for op 2.
  ScheduleBuilder builder;
  const TensorId b = builder.tensor(Role::activation, 4);
  const TensorId a = builder.tensor(Role::activation, 4);
  builder.op({}, {a}, 10);
  builder.op({}, {b}, 10);
  builder.op({}, {}, 20, 10);
  builder.op({b}, {}, 10);
  builder.op({a}, {}, 10);
  EXPECT_EQ(evicted(plan_by("capuchin", builder.schedule(), 14)), (Ids{a}));
}

TEST(Capuchin, WhatCannotBeHiddenGoesByItsStall) {
  // Op 3 has 3 bytes too many. p: away from 10 to 40, 40 ns of transfers, a stall of 10, 0.5 for each of 20
  // bytes. q: away from 25 to 30, 8 ns of transfers, a stall of 3, 0.75 for each of 4 bytes.
  ScheduleBuilder builder;
  const TensorId p = builder.tensor(Role::activation, 20);
  const TensorId q = builder.tensor(Role::activation, 4);
  builder.op({}, {p}, 10);
  builder.op({}, {}, 10);
  builder.op({}, {q}, 5);
  builder.op({}, {}, 5, 20);
  builder.op({q}, {}, 10);
  builder.op({p}, {}, 10);
  EXPECT_EQ(evicted(plan_by("capuchin", builder.schedule(), 41, {{"limit_share", 1}})), (Ids{p}));
  EXPECT_EQ(evicted(plan_by("capuchin", builder.schedule(), 41, {{"limit_share", 1}, {"stall_per_byte", 0}})),
            (Ids{q}));
}

TEST(Capuchin, TheInTriggerIsTheLastAccessThatHidesTheSwapIn) {
  // p must start by 60 - 15 = 45, within op 4; q by 70 - 20 = 50, at op 5.
  const auto swap_ins = [](const Options& options) {
    return prefetches(plan_by("capuchin", two_returns(), kBudget, options, free_way_out()));
  };
  EXPECT_EQ(swap_ins({{"feedback", 0}}), (Actions{prefetch(4, kP), prefetch(5, kQ)}));
  EXPECT_EQ(swap_ins({{"in_trigger", 0}}), (Actions{prefetch(6, kP), prefetch(7, kQ)}));
}

TEST(Capuchin, FeedbackTriggersEarlierWhatWasStillInFlight) {
  // On demand: 15 + 20. With in-triggers p travels from 40 to 55 and q behind it until 75, 5 too late.
  // Earlier triggers bring both from op 3 on: p until 45, q until 65.
  EXPECT_EQ(stall_ns({{"in_trigger", 0}}), 35u);
  EXPECT_EQ(stall_ns({{"feedback", 0}}), 5u);
  EXPECT_EQ(stall_ns({}), 0u);
}

}  // namespace
}  // namespace octrain::advisor
