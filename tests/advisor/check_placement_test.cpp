// The checker's part on placements.
#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/check.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::place;
using testing::prefetch;
using testing::recompute;
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

TEST_F(PlacementTest, TheBudgetCountsWhatIsResidentWhereverItLies) {
  EXPECT_TRUE(judge({place(a, 0), place(b, 1000), place(c, 2000)}, 20).empty());
}

TEST_F(PlacementTest, WhoSharesMustLetGoInTime) {
  const auto verdicts =
      check(builder.schedule(), {{place(a, 0), place(b, 10), place(c, 5), discard(2, b), discard(2, c)}}, 100)
          .verdicts;
  ASSERT_EQ(verdicts.size(), 1u) << "a is dead by then, but has its bytes still";
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, c);
  EXPECT_EQ(verdicts[0].op, 2u);
}

TEST_F(PlacementTest, BytesOnTheHostAreHeldToo) {
  const OpIndex last = builder.op({a}, {});
  const auto judge_evicted = [&](std::uint64_t place_of_c) {
    return check(builder.schedule(),
                 {{place(a, 0), place(b, 10), place(c, place_of_c), evict(1, a), discard(2, b), discard(2, c),
                   prefetch(last, a), discard(last, a)}},
                 100)
        .verdicts;
  };
  EXPECT_TRUE(judge_evicted(20).empty());
  const auto verdicts = judge_evicted(5);
  ASSERT_FALSE(verdicts.empty());
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, c);
}

TEST_F(PlacementTest, BytesAreNotReservedOverAnothers) {
  const auto verdicts = judge({place(a, 0), place(b, 10), place(c, 5), prefetch(1, c)});
  ASSERT_FALSE(verdicts.empty());
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, c);
  EXPECT_EQ(verdicts[0].op, 1u);
  EXPECT_TRUE(judge({place(a, 0), place(b, 10), place(c, 5), prefetch(2, c)}).empty());
}

TEST_F(PlacementTest, WhatAnotherHasByNowIsNotLetGoAgain) {
  const auto verdicts = judge({place(a, 0), place(b, 10), place(c, 5), discard(2, a)});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::discard_of_live);
  EXPECT_EQ(verdicts[0].target, a);
}

TEST_F(PlacementTest, OncePerTensor) {
  const auto verdicts = judge({place(a, 0), place(b, 20), place(c, 40), place(a, 50)});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::placed_twice);
}

TEST_F(PlacementTest, AllOrNone) {
  const auto verdicts = judge({place(a, 0), place(c, 40)});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::not_placed);
  EXPECT_EQ(verdicts[0].target, b);
}

TEST(Placement, DyingIsNotLettingGo) {
  // a is dead after op 1; but if it was evicted then, the runtime may be at it still when b is written.
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 8), b = builder.tensor(Role::activation, 8);
  builder.op({}, {a});
  builder.op({a}, {});
  builder.op({}, {b});
  const auto judge = [&](const Action& end_of_a) {
    return check(builder.schedule(), {{place(a, 0), place(b, 4), end_of_a, discard(2, b)}}, 100).verdicts;
  };
  EXPECT_TRUE(judge(discard(1, a)).empty());
  const auto verdicts = judge(evict(1, a));
  ASSERT_FALSE(verdicts.empty());
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, b);
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

TEST(Placement, WhatIsRecomputedLivesLonger) {
  // a is read by op 1, and again when op 1 runs once more before op 3; c lives at op 2 alone.
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 8);
  const TensorId b = builder.tensor(Role::activation, 8);
  const TensorId c = builder.tensor(Role::activation, 8);
  builder.op({}, {a});
  builder.op({a}, {b});
  builder.op({}, {c});
  builder.op({b}, {});
  const auto judge = [&](std::uint64_t place_of_c) {
    return check(builder.schedule(),
                 {{place(a, 0), place(b, 8), place(c, place_of_c), discard(1, b), discard(2, c),
                   recompute(3, 1), discard(3, a), discard(3, b)}},
                 100);
  };
  EXPECT_TRUE(judge(8).ok()) << judge(8).verdicts[0].message;  // b's bytes: dead while c lives
  const CheckReport over_a = judge(0);
  ASSERT_EQ(over_a.verdicts.size(), 1u);
  EXPECT_EQ(over_a.verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(over_a.verdicts[0].op, 2u);
}

/// op 0 writes a; op 1 turns a into b, and may do so in place; op 2 reads b.
struct InPlaceTest : ::testing::Test {
  InPlaceTest() {
    a = builder.tensor(Role::activation, 10);
    b = builder.tensor(Role::activation, 10);
    c = builder.tensor(Role::activation, 5);
    builder.op({}, {a});
    builder.op({a}, {b});
    builder.op({b}, {});
  }
  /// c, where nobody places it, lies out of the way.
  std::vector<Verdict> judge(std::vector<Action> actions, std::uint64_t budget_bytes = 10) const {
    if (std::none_of(actions.begin(), actions.end(), [this](const Action& action) {
          return action.kind == ActionKind::place && action.target == c;
        }))
      actions.push_back(place(c, 1000));
    return check(builder.schedule(), {std::move(actions)}, budget_bytes).verdicts;
  }
  void expect_overlap(const std::vector<Action>& actions) const {
    const auto verdicts = judge(actions, 100);
    ASSERT_FALSE(verdicts.empty());
    EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
    EXPECT_EQ(verdicts[0].op, 1u);
    EXPECT_EQ(verdicts[0].target, b);
  }
  ScheduleBuilder builder;
  TensorId a, b, c;
};

TEST_F(InPlaceTest, TheOutputMayTakeThePlaceThatTheScheduleOffers) {
  builder.overwrite(1, a, b);
  EXPECT_TRUE(judge({place(a, 0), place(b, 0), discard(2, b)}).empty());
  const CheckReport report =
      check(builder.schedule(), {{place(a, 0), place(b, 0), place(c, 10), discard(2, b)}}, 10);
  EXPECT_EQ(report.peak_bytes, 10u) << "the bytes are there once";
}

TEST_F(InPlaceTest, NotWithoutTheOffer) {
  expect_overlap({place(a, 0), place(b, 0), discard(1, a), discard(2, b)});
}

TEST_F(InPlaceTest, NotByTheOfferOfAnotherOp) {
  builder.overwrite(2, a, b);
  expect_overlap({place(a, 0), place(b, 0), discard(1, a), discard(2, b)});
}

TEST_F(InPlaceTest, NotTheOtherWayRound) {
  builder.overwrite(1, b, a);
  expect_overlap({place(a, 0), place(b, 0), discard(1, a), discard(2, b)});
}

TEST_F(InPlaceTest, OnlyTheSameBytes) {
  builder.overwrite(1, a, b);
  expect_overlap({place(a, 0), place(b, 1), discard(1, a), discard(2, b)});
}

TEST_F(InPlaceTest, OnlyAsManyBytes) {
  builder.op({b}, {c});
  builder.overwrite(3, b, c);
  const auto verdicts =
      judge({place(a, 20), place(b, 0), place(c, 0), discard(1, a), discard(3, b), discard(3, c)}, 100);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, c);
}

TEST_F(InPlaceTest, NotWhileTheInputIsReadLater) {
  builder.overwrite(1, a, b);
  builder.op({a}, {});
  expect_overlap({place(a, 0), place(b, 0), discard(2, b), discard(3, a)});
}

TEST_F(InPlaceTest, NotWhileTheInputIsReadByWhatIsRecomputed) {
  builder.overwrite(1, a, b);
  const std::vector<Action> actions = {place(a, 0), place(b, 0), recompute(2, 1), discard(2, b)};
  expect_overlap(actions);
}

TEST_F(InPlaceTest, NotOfAWeight) {
  const TensorId weight = builder.tensor(Role::weight, 10);
  const OpIndex op = builder.op({weight}, {c});
  builder.overwrite(op, weight, c);
  const auto verdicts = judge({place(a, 20), place(b, 40), place(weight, 0), place(c, 0), prefetch(0, weight),
                               discard(1, a), discard(2, b), discard(3, c)},
                              100);
  ASSERT_FALSE(verdicts.empty());
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
}

TEST_F(InPlaceTest, OneOutputTakesThePlaceAndNoOther) {
  ScheduleBuilder two;
  const TensorId in = two.tensor(Role::activation, 10);
  const TensorId out = two.tensor(Role::activation, 10), other = two.tensor(Role::activation, 10);
  two.op({}, {in});
  two.op({in}, {out, other});
  two.op({out, other}, {});
  two.overwrite(1, in, out);
  two.overwrite(1, in, other);
  const CheckReport report =
      check(two.schedule(),
            {{place(in, 0), place(out, 0), place(other, 0), discard(2, out), discard(2, other)}}, 100);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(report.verdicts[0].target, other);
}

TEST(Placement, TheFirstOpMayWriteInPlaceOfAnInput) {
  ScheduleBuilder first;
  const TensorId out = first.tensor(Role::activation, 10), in = first.tensor(Role::input, 10);
  first.op({in}, {out});
  first.overwrite(0, in, out);
  const CheckReport report =
      check(first.schedule(), {{place(out, 0), place(in, 0), prefetch(0, in), discard(0, out)}}, 10);
  EXPECT_TRUE(report.ok()) << report.verdicts[0].message;
}

TEST_F(InPlaceTest, WhatFollowsInPlaceIsStillInTheWay) {
  builder.overwrite(1, a, b);
  const OpIndex last = builder.op({}, {c});
  builder.op({b}, {});  // b lives past c
  const auto verdicts =
      judge({place(a, 0), place(b, 0), place(c, 4), discard(last, c), discard(last + 1, b)}, 100);
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_EQ(verdicts[0].defect, Defect::overlapping_placement);
  EXPECT_EQ(verdicts[0].target, c);
}

TEST_F(InPlaceTest, TheInputsBytesAreTheOutputsFromThenOn) {
  builder.overwrite(1, a, b);
  const auto discarded = judge({place(a, 0), place(b, 0), discard(1, a), discard(2, b)});
  ASSERT_EQ(discarded.size(), 1u);
  EXPECT_EQ(discarded[0].defect, Defect::discard_of_live);
  EXPECT_EQ(discarded[0].target, a);
  const auto evicted = judge({place(a, 0), place(b, 0), evict(1, a), discard(2, b)});
  ASSERT_EQ(evicted.size(), 1u);
  EXPECT_EQ(evicted[0].defect, Defect::evict_not_resident);
}

}  // namespace
}  // namespace octrain::advisor
