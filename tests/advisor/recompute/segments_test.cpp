#include <gtest/gtest.h>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/recompute.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

std::vector<Rerun> choose(const char* method, const Schedule& schedule, std::uint64_t budget_bytes = 0,
                          std::map<std::string, double, std::less<>> options = {}) {
  const Machine machine = testing::unit_machine();
  return find_recompute_method(method)->choose({schedule, machine, budget_bytes, std::move(options)},
                                               recomputable(schedule));
}

/// A dear op makes d; cheap ops make p, q and r from it, one from the other; then the loss. The backward ops
/// read r, q, and p and d in turn. All tensors of 10 bytes but the input, of one; the dear op takes 1000 ns,
/// the others 20: 1 ns for a byte moved, 2 for a byte written.
Schedule segment() {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 1);
  TensorId made[4], gradients[4];
  for (TensorId& tensor : made) tensor = builder.tensor(Role::activation, 10);
  for (TensorId& tensor : gradients) tensor = builder.tensor(Role::gradient, 10);
  builder.op({x}, {made[0]}, 1000);
  for (int i = 1; i < 4; ++i) builder.op({made[i - 1]}, {made[i]}, 20);
  const TensorId loss = builder.tensor(Role::activation, 10);
  builder.op({made[3]}, {loss}, 20);
  builder.op({loss}, {gradients[3]}, 20, 0, Phase::backward);
  builder.op({gradients[3], made[3]}, {gradients[2]}, 20, 0, Phase::backward);
  builder.op({gradients[2], made[2]}, {gradients[1]}, 20, 0, Phase::backward);
  builder.op({gradients[1], made[1], made[0]}, {gradients[0]}, 20, 0, Phase::backward);
  return builder.schedule();
}

TEST(Segments, SpeedRerunsASegmentOnceAtItsFirstNeed) {
  // Op 6 wants r, and so p and q: ops 1, 2 and 3 run before it. Op 7 finds q, op 8 p.
  EXPECT_EQ(choose("speed", segment()), (std::vector<Rerun>{{6, 1}, {6, 2}, {6, 3}}));
}

TEST(Segments, MemoryRerunsForEachUse) {
  // Before op 6 as above. Op 7, right behind, finds q still, but p is gone behind op 6: op 1 before op 8.
  EXPECT_EQ(choose("memory", segment()), (std::vector<Rerun>{{6, 1}, {6, 2}, {6, 3}, {8, 1}}));
}

TEST(Segments, CostTakesTheMemoryOfTheLargestOpForSpeed) {
  // p, q and r are 30 bytes; the largest op (two forward tensors, two gradients) takes 40: speed.
  EXPECT_EQ(largest_op_bytes(segment()), 40u);
  EXPECT_EQ(choose("cost", segment()), choose("speed", segment()));
  // Six cheap tensors where the largest op takes 20: memory. The first need takes all 6 ops and leaves the
  // last two for the next op, the third takes 4, the fifth 2.
  ScheduleBuilder builder;
  std::vector<TensorId> made = {builder.tensor(Role::activation, 10)};
  builder.op({}, made, 1000);
  for (int i = 0; i < 6; ++i) {
    made.push_back(builder.tensor(Role::activation, 10));
    builder.op({made[made.size() - 2]}, {made.back()}, 20);
  }
  const TensorId loss = builder.tensor(Role::gradient, 10);
  builder.op({made.back()}, {loss}, 20);
  builder.op({loss}, {}, 20, 0, Phase::backward);
  for (std::size_t i = made.size(); i-- > 0;) builder.op({made[i]}, {}, 20, 0, Phase::backward);
  EXPECT_EQ(largest_op_bytes(builder.schedule()), 20u);
  EXPECT_EQ(choose("speed", builder.schedule()).size(), 6u);
  EXPECT_EQ(choose("memory", builder.schedule()).size(), 6u + 4u + 2u);
  EXPECT_EQ(choose("cost", builder.schedule()), choose("memory", builder.schedule()));
}

TEST(Segments, WhatIsDearIsAnOption) {
  // At 1001 ns for a byte moved nothing is dear: d is made again too.
  EXPECT_EQ(choose("speed", segment(), 0, {{"dear_ratio", 1001}}),
            (std::vector<Rerun>{{6, 0}, {6, 1}, {6, 2}, {6, 3}}));
  EXPECT_TRUE(choose("speed", segment(), 0, {{"dear_ratio", 1}}).empty()) << "everything is";
  EXPECT_EQ(choose("speed", segment(), 0, {{"longest_chain", 2}}), (std::vector<Rerun>{{7, 1}, {7, 2}}))
      << "r would take three";
}

TEST(Segments, ASubsetMayBeDropped) {
  const Schedule schedule = segment();
  const Machine machine = testing::unit_machine();
  TensorSet only_r(schedule.tensors.size(), false);
  only_r[4] = true;
  EXPECT_EQ(find_recompute_method("speed")->choose({schedule, machine, 0}, only_r),
            (std::vector<Rerun>{{6, 3}}));
}

TEST(Segments, NothingIsDroppedWhenItsInputsWouldHaveToStay) {
  // op 0 → a (100 bytes, read by op 1 only) → b (60 bytes), read by the backward op: to make b again, a must
  // stay.
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::activation, 1);
  const TensorId a = builder.tensor(Role::activation, 100);
  const TensorId b = builder.tensor(Role::activation, 60);
  const TensorId c = builder.tensor(Role::activation, 1);
  builder.op({x}, {x}, 1);  // in place: never again
  builder.op({x}, {a}, 1'000'000);
  builder.op({a}, {b}, 160);
  builder.op({b}, {c}, 61);
  builder.op({c}, {}, 1);
  builder.op({b}, {}, 60, 0, Phase::backward);
  EXPECT_TRUE(choose("speed", builder.schedule()).empty());
  // When a is cheap, it is made again on the way.
  Schedule cheap = builder.schedule();
  cheap.ops[1].time_ns = 101;
  EXPECT_EQ(choose("speed", cheap), (std::vector<Rerun>{{5, 1}, {5, 2}}));
}

TEST(Sqrt, KeepsWhatCrossesEvenCuts) {
  // 16 forward ops of one byte each: 4 segments. Kept are the last of each of the first three, and the last
  // segment: 3 + 4 of them; the other 9 run once more, a segment at a time.
  ScheduleBuilder builder;
  std::vector<TensorId> made;
  for (int i = 0; i < 16; ++i) {
    made.push_back(builder.tensor(Role::activation, 1));
    builder.op(i == 0 ? std::vector<TensorId>{} : std::vector{made[made.size() - 2]}, {made.back()}, 1);
  }
  for (std::size_t i = 16; i-- > 0;) builder.op({made[i]}, {}, 1, 0, Phase::backward);
  // The segments are ops 0-3, 4-7, 8-11 and 12-15; op 31 - i reads what op i made.
  const std::vector<Rerun> expected = {{21, 8}, {21, 9}, {21, 10}, {25, 4}, {25, 5},
                                       {25, 6}, {29, 0}, {29, 1},  {29, 2}};
  EXPECT_EQ(choose("sqrt", builder.schedule()), expected);
  EXPECT_EQ(peak_live_bytes(builder.schedule()), 16u);
  EXPECT_EQ(peak_live_bytes(expand(builder.schedule(), expected).schedule), 7u) << "3 cuts and a segment";
  EXPECT_EQ(choose("sqrt", builder.schedule(), 0, {{"segments", 2}}),
            (std::vector<Rerun>{{25, 0}, {25, 1}, {25, 2}, {25, 3}, {25, 4}, {25, 5}, {25, 6}}));
}

}  // namespace
}  // namespace octrain::advisor
