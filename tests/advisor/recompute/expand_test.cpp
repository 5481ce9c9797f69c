#include <gtest/gtest.h>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/recompute.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::place;
using testing::prefetch;
using testing::recompute;
using testing::ScheduleBuilder;

/// op 0: x → a; op 1: a, w → b; op 2: b → c; op 3: c → g; op 4: b, g → h; op 5: w, h → w; op 6: a, h →
/// (nothing). w is a weight, x an input.
struct ExpandTest : ::testing::Test {
  ExpandTest() {
    x = builder.tensor(Role::input, 10);
    w = builder.tensor(Role::weight, 10);
    a = builder.tensor(Role::activation, 10);
    b = builder.tensor(Role::activation, 10);
    c = builder.tensor(Role::activation, 10);
    g = builder.tensor(Role::gradient, 10);
    h = builder.tensor(Role::gradient, 10);
    builder.op({x}, {a});
    builder.op({a, w}, {b});
    builder.op({b}, {c});
    builder.op({c}, {g}, 10, 0, Phase::backward);
    builder.op({b, g}, {h}, 10, 0, Phase::backward);
    builder.op({w, h}, {w}, 10, 0, Phase::update);
    builder.op({a, h}, {}, 10, 0, Phase::backward);
  }

  ScheduleBuilder builder;
  TensorId x, w, a, b, c, g, h;
};

TEST_F(ExpandTest, AnOpMayRunAgainUntilWhatItReadsOrWroteIsOverwritten) {
  // op 1 reads the weight, which op 5 updates: before op 5 it may. Backward ops may too; the update and op 6,
  // which writes nothing, may not.
  EXPECT_EQ(last_reruns(builder.schedule()), (std::vector<OpIndex>{6, 5, 6, 6, 6, 0, 0}));
}

TEST(LastReruns, WhatMustNotRunTwice) {
  ScheduleBuilder builder;
  const TensorId input = builder.tensor(Role::input, 1);
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId state = builder.tensor(Role::state, 1);
  const TensorId shared = builder.tensor(Role::workspace, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  builder.op({}, {input});    // reads the data
  builder.op({input}, {a});   // until op 4 overwrites a
  builder.op({a}, {state});   // a state
  builder.op({a}, {shared});  // declares the rest of the shared tensor dead
  builder.op({a}, {a});       // in place
  builder.op({shared}, {b});  // reads its part of the shared tensor: may, although op 6 writes another
  builder.op({shared}, {shared});
  builder.op({b}, {a});
  EXPECT_EQ(last_reruns(builder.schedule()), (std::vector<OpIndex>{0, 4, 0, 0, 0, 7, 0, 0}));
}

TEST_F(ExpandTest, RerunsAreOpsOfTheirOwn) {
  const std::vector<Rerun> reruns = {{4, 0}, {4, 1}, {3, 2}};
  const ExpandedSchedule expanded = expand(builder.schedule(), reruns);
  EXPECT_EQ(expanded.origin, (std::vector<OpIndex>{0, 1, 2, 2, 3, 0, 1, 4, 5, 6}));
  EXPECT_EQ(expanded.rerun,
            (std::vector<bool>{false, false, false, true, false, true, true, false, false, false}));
  EXPECT_EQ(expanded.schedule.ops[3].phase, Phase::backward) << "it runs in the backward pass now";
  EXPECT_EQ(expanded.schedule.ops[3].writes, (std::vector<TensorId>{c}));
  EXPECT_EQ(expanded.schedule.ops[3].name, "op2 again");
}

TEST_F(ExpandTest, LivenessFallsOut) {
  // b is made again before op 4: dead between op 2 and that. Ten bytes less at op 3, where x is dead, and a,
  // b, c, g and w are alive.
  const std::vector<Rerun> reruns = {{4, 1}};
  EXPECT_EQ(live_bytes(builder.schedule())[3], 50u);
  EXPECT_EQ(live_bytes(expand(builder.schedule(), reruns).schedule)[3], 40u);
}

TEST_F(ExpandTest, FoldPutsEachActionOnItsSideOfTheRerun) {
  // Before op 4 run ops 0 and 1 again: expanded 4 and 5; ops 4 to 6 are 6 to 8 there.
  const std::vector<Rerun> reruns = {{4, 0}, {4, 1}};
  const ExpandedSchedule expanded = expand(builder.schedule(), reruns);
  Plan plan{{prefetch(0, x), prefetch(0, w), evict(0, x), discard(1, a), discard(2, b), discard(3, c),
             evict(3, g), prefetch(4, x), discard(4, x), evict(5, a), prefetch(6, g), discard(6, b),
             discard(6, g), prefetch(8, a), discard(8, a), discard(8, h)}};
  Plan expected{{prefetch(0, x), prefetch(0, w), evict(0, x), discard(1, a), discard(2, b), discard(3, c),
                 evict(3, g), prefetch(4, x), recompute(4, 0), discard(3, x), recompute(4, 1), evict(3, a),
                 prefetch(4, g), discard(4, b), discard(4, g), prefetch(6, a), discard(6, a), discard(6, h)}};
  for (TensorId tensor = 0; tensor < builder.schedule().tensors.size(); ++tensor) {
    plan.actions.push_back(place(tensor, 64 * tensor));
    expected.actions.insert(expected.actions.begin() + tensor, place(tensor, 64 * tensor));
  }
  EXPECT_TRUE(check(expanded.schedule, plan, 1000).ok());
  EXPECT_EQ(fold(plan, expanded), expected) << "places come first";
  EXPECT_TRUE(check(builder.schedule(), expected, 1000).ok());
}

TEST_F(ExpandTest, FoldKeepsThePlansOwnRecomputations) {
  const ExpandedSchedule expanded = expand(builder.schedule(), std::vector<Rerun>{{3, 0}});
  EXPECT_EQ(fold({{recompute(3, 1), recompute(7, 1)}}, expanded).actions,
            (std::vector<Action>{recompute(3, 1), recompute(3, 0), recompute(6, 1)}));
}

TEST_F(ExpandTest, KeepPlanFreesWhatIsMadeAgain) {
  const ExpandedSchedule expanded = expand(builder.schedule(), std::vector<Rerun>{{4, 1}});
  const Plan plan = fold(keep_plan(expanded.schedule), expanded);
  const std::vector<Action> expected = {prefetch(0, x), prefetch(0, w),  discard(0, x), discard(2, b),
                                        discard(3, c),  recompute(4, 1), discard(4, b), discard(4, g),
                                        discard(6, a),  discard(6, h)};
  EXPECT_EQ(plan.actions, expected);
  // At op 4: w, a, b, g and h. Without the rerun it is op 3 (w, a, b, c, g) as well.
  EXPECT_EQ(check(builder.schedule(), plan, 50).peak_bytes, 50u);
}

TEST(KeepPlan, BringsWhatIsThereAndDiscardsWhatDies) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::input, 4);
  const TensorId w = builder.tensor(Role::weight, 2);
  const TensorId a = builder.tensor(Role::activation, 8);
  const TensorId unused = builder.tensor(Role::state, 16);
  builder.op({x, w}, {a}, 10, 1);
  builder.op({a}, {w});
  const Plan plan = keep_plan(builder.schedule());
  EXPECT_EQ(plan.actions, (std::vector<Action>{prefetch(0, x), prefetch(0, w), discard(0, x), discard(0, w),
                                               discard(1, a)}));
  const CheckReport report = check(builder.schedule(), plan, 15);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.peak_bytes, 15u);
  EXPECT_EQ(peak_live_bytes(builder.schedule()), 15u + builder.schedule().tensors[unused].bytes);
}

}  // namespace
}  // namespace octrain::advisor
