// Placements from schedules, worked out by hand.
#include "octrain/advisor/share.h"

#include <gtest/gtest.h>

#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/recompute.h"
#include "support/schedule_builder.h"
#include "support/vgg_like_schedule.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::recompute;
using testing::ScheduleBuilder;

Machine machine_of(std::uint64_t block_bytes) {
  Machine machine = testing::unit_machine();
  machine.block_bytes = block_bytes;
  return machine;
}

Placements share(const Schedule& schedule, std::string_view method, std::uint64_t block_bytes = 1) {
  return place_tensors(schedule, keep_plan(schedule), machine_of(block_bytes), *find_share_method(method));
}

std::vector<std::uint64_t> offsets(const Placements& placements) {
  std::vector<std::uint64_t> result;
  for (const Action& action : placements.plan.actions) {
    if (action.kind != ActionKind::place) continue;
    EXPECT_EQ(action.target, result.size()) << "one a tensor, in order";
    result.push_back(action.offset_bytes);
  }
  return result;
}

/// data and w; op 0: data, w → a; op 1: a → b, in place if one likes; op 2: b → c; op 3: c → w.
struct ShareTest : ::testing::Test {
  ShareTest() {
    data = builder.tensor(Role::input, 4);
    w = builder.tensor(Role::weight, 3);
    a = builder.tensor(Role::activation, 8);
    b = builder.tensor(Role::activation, 8);
    c = builder.tensor(Role::activation, 2);
    builder.op({data, w}, {a});
    builder.op({a}, {b});
    builder.op({b}, {c});
    builder.op({c, w}, {w}, 10, 0, Phase::update);
    builder.overwrite(1, a, b);
  }
  void expect_valid(const Placements& made, std::uint64_t budget_bytes) const {
    const CheckReport report = check(builder.schedule(), made.plan, budget_bytes);
    EXPECT_TRUE(report.ok()) << report.verdicts[0].message;
  }
  ScheduleBuilder builder;
  TensorId data, w, a, b, c;
};

TEST_F(ShareTest, NoneGivesEachTensorItsOwn) {
  const Placements made = share(builder.schedule(), "none");
  EXPECT_TRUE(offsets(made).empty());
  EXPECT_EQ(made.plan, keep_plan(builder.schedule()));
  EXPECT_EQ(made.arena_bytes, 25u);
  EXPECT_TRUE(made.in_place.empty());
  expect_valid(made, 25);
}

TEST_F(ShareTest, InplaceGivesTheOutputItsInputsPlace) {
  const Placements made = share(builder.schedule(), "inplace");
  EXPECT_EQ(offsets(made), (std::vector<std::uint64_t>{3, 0, 7, 7, 15}));
  EXPECT_EQ(made.arena_bytes, 17u);
  EXPECT_EQ(made.in_place, (std::vector<InPlace>{{1, a, b}}));
  expect_valid(made, 17);
}

TEST_F(ShareTest, FirstFitLaysOverOneAnotherAndNotInPlace) {
  // w on the ground, and from 3: a at 0, b meets it: at 8; data (op 0) at 8; c (ops 2 and 3) below b.
  const Placements made = share(builder.schedule(), "first-fit");
  EXPECT_EQ(offsets(made), (std::vector<std::uint64_t>{11, 0, 3, 11, 3}));
  EXPECT_EQ(made.arena_bytes, 19u);
  EXPECT_EQ(made.lower_bound_bytes, 19u) << "a, b and w at op 1";
  EXPECT_TRUE(made.proven);
  expect_valid(made, 19);
}

TEST_F(ShareTest, TheOthersDoBoth) {
  // w on the ground; a and b, one buffer over ops 0 to 2, at 3; data and c, which never meet, above it.
  for (const char* method : {"smartpool", "exact", "auto"}) {
    const Placements made = share(builder.schedule(), method);
    EXPECT_EQ(made.arena_bytes, 15u) << method;
    EXPECT_EQ(made.lower_bound_bytes, 15u) << method;
    EXPECT_EQ(made.in_place, (std::vector<InPlace>{{1, a, b}})) << method;
    expect_valid(made, 15);
  }
  EXPECT_EQ(offsets(share(builder.schedule(), "smartpool")), (std::vector<std::uint64_t>{11, 0, 3, 3, 11}));
}

TEST_F(ShareTest, PlacesAreAtMultiplesOfTheBlock) {
  for (const ShareMethod& method : share_methods()) {
    const Placements made = share(builder.schedule(), method.name, 16);
    EXPECT_EQ(offsets(made).empty(), !method.shares()) << method.name;
    for (const std::uint64_t offset : offsets(made)) EXPECT_EQ(offset % 16, 0u) << method.name;
    EXPECT_EQ(made.arena_bytes % 16, 0u) << method.name;
    expect_valid(made, made.arena_bytes);
  }
}

TEST_F(ShareTest, WhatIsReadLaterKeepsItsPlace) {
  builder.op({a}, {});
  EXPECT_TRUE(share(builder.schedule(), "auto").in_place.empty());
}

TEST(Share, InPlaceOnlyWhereEverythingSuits) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 8), x = builder.tensor(Role::input, 8);
  const TensorId small = builder.tensor(Role::activation, 4), y = builder.tensor(Role::activation, 8);
  const TensorId z = builder.tensor(Role::activation, 8), again = builder.tensor(Role::activation, 8);
  builder.op({x}, {small});
  builder.overwrite(0, x, small);  // fewer bytes
  builder.op({small, w}, {y, again});
  builder.overwrite(1, w, y);  // a weight
  builder.op({y}, {z, again});
  builder.overwrite(2, y,
                    again);  // written before: what it held until then is dead, yet it has its place already
  builder.overwrite(2, y, z);
  builder.op({z, again}, {});
  const Placements made = share(builder.schedule(), "inplace");
  EXPECT_EQ(made.in_place, (std::vector<InPlace>{{2, y, z}}));
  EXPECT_TRUE(check(builder.schedule(), made.plan, 100).ok());
}

TEST(Share, OneInputOneOutput) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::activation, 8), y = builder.tensor(Role::activation, 8);
  const TensorId p = builder.tensor(Role::activation, 8), q = builder.tensor(Role::activation, 8);
  builder.op({}, {x, y});
  builder.op({x, y}, {p, q});
  for (const TensorId read : {x, y}) {
    for (const TensorId written : {p, q}) builder.overwrite(1, read, written);
  }
  builder.op({p, q}, {});
  const Placements made = share(builder.schedule(), "auto");
  EXPECT_EQ(made.in_place, (std::vector<InPlace>{{1, x, p}, {1, y, q}}));
  EXPECT_EQ(made.arena_bytes, 16u);
  EXPECT_TRUE(check(builder.schedule(), made.plan, 16).ok());
}

TEST(Share, AChainKeepsOnePlace) {
  ScheduleBuilder builder;
  std::vector<TensorId> chain;
  for (int i = 0; i < 5; ++i) chain.push_back(builder.tensor(Role::activation, 8));
  builder.op({}, {chain[0]});
  for (std::size_t i = 1; i < chain.size(); ++i) {
    builder.overwrite(builder.op({chain[i - 1]}, {chain[i]}), chain[i - 1], chain[i]);
  }
  const Placements made = share(builder.schedule(), "inplace");
  EXPECT_EQ(offsets(made), std::vector<std::uint64_t>(5, 0));
  EXPECT_EQ(made.arena_bytes, 8u);
  EXPECT_TRUE(check(builder.schedule(), made.plan, 8).ok());
}

TEST(Share, AnInputIsThereFromTheStart) {
  ScheduleBuilder builder;
  const TensorId early = builder.tensor(Role::activation, 8), data = builder.tensor(Role::input, 8);
  builder.op({}, {early});
  builder.op({data}, {});
  EXPECT_EQ(share(builder.schedule(), "auto").arena_bytes, 16u);
}

TEST(Share, ATensorOfSeveralLivesHasOnePlace) {
  // x lives over op 0 and, with other contents, over ops 2 and 3: y, which lives between, gets bytes of its
  // own.
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::activation, 8), y = builder.tensor(Role::activation, 8);
  builder.op({}, {x});
  builder.op({}, {y});
  builder.op({}, {x});
  builder.op({x}, {});
  EXPECT_EQ(share(builder.schedule(), "auto").arena_bytes, 16u);
}

/// op 0: → a; op 1: a → b; op 2: b → ; op 3: → c; op 4: c →.
struct PlannedShareTest : ::testing::Test {
  PlannedShareTest() {
    a = builder.tensor(Role::activation, 8);
    b = builder.tensor(Role::activation, 8);
    c = builder.tensor(Role::activation, 8);
    builder.op({}, {a});
    builder.op({a}, {b});
    builder.op({b}, {});
    builder.op({}, {c});
    builder.op({c}, {});
    builder.overwrite(1, a, b);
  }
  std::vector<Action> shared(std::vector<Action> actions, const char* method) {
    made = place_tensors(builder.schedule(), {std::move(actions)}, machine_of(1), *find_share_method(method));
    const CheckReport report = check(builder.schedule(), made.plan, 24);
    EXPECT_TRUE(report.ok()) << report.verdicts[0].message;
    std::vector<Action> moves = made.plan.actions;
    std::erase_if(moves, [](const Action& action) { return action.kind == ActionKind::place; });
    return moves;
  }
  ScheduleBuilder builder;
  TensorId a, b, c;
  Placements made;
};

TEST_F(PlannedShareTest, WhatTheDeadKeepIsDiscardedAtTheirDeath) {
  // The empty plan is valid, since everything is written where it is.
  EXPECT_EQ(shared({}, "first-fit"), (std::vector<Action>{discard(1, a), discard(2, b), discard(4, c)}));
  EXPECT_EQ(made.arena_bytes, 16u);
}

TEST_F(PlannedShareTest, WhatThePlanDoesWithDeadContentsIsLeftOut) {
  const std::vector<Action> plan = {evict(0, a),    prefetch(1, a), prefetch(2, a), evict(2, a),
                                    prefetch(3, b), discard(4, b),  evict(4, c)};
  EXPECT_EQ(shared(plan, "first-fit"),
            (std::vector<Action>{evict(0, a), prefetch(1, a), discard(1, a), discard(2, b), discard(4, c)}));
}

TEST_F(PlannedShareTest, BytesReservedAheadAreHeldFromThenOn) {
  // c from before op 1 on: it meets both others.
  EXPECT_EQ(shared({prefetch(1, c)}, "first-fit"),
            (std::vector<Action>{prefetch(1, c), discard(1, a), discard(2, b), discard(4, c)}));
  EXPECT_EQ(made.arena_bytes, 24u);
  // Given up again, and taken by the write at last: one life all the same.
  EXPECT_EQ(shared({prefetch(1, c), discard(1, c)}, "first-fit").size(), 5u);
  EXPECT_EQ(made.arena_bytes, 24u);
}

TEST_F(PlannedShareTest, AnInputTakenInPlaceIsNotDiscardedNorItsOutputReserved) {
  EXPECT_EQ(shared({prefetch(1, b)}, "inplace"), (std::vector<Action>{discard(2, b), discard(4, c)}));
  EXPECT_EQ(made.in_place, (std::vector<InPlace>{{1, a, b}}));
  // Reserved earlier, b has bytes of its own by then.
  EXPECT_EQ(shared({prefetch(0, b)}, "inplace").size(), 4u);
  EXPECT_TRUE(made.in_place.empty());
}

TEST_F(PlannedShareTest, WhatIsRecomputedKeepsItsPlaceInBetween) {
  builder.op({b}, {});
  // b dies after op 2 and comes again before op 5, for which a is kept.
  EXPECT_EQ(
      shared({discard(2, b), recompute(5, 1)}, "first-fit"),
      (std::vector<Action>{discard(2, b), discard(4, c), recompute(5, 1), discard(4, a), discard(5, b)}));
  EXPECT_EQ(made.arena_bytes, 24u) << "c lies over neither";
}

TEST_F(PlannedShareTest, APlacedPlanIsPlacedAnew) {
  shared({}, "first-fit");
  const Plan once = made.plan;
  shared(once.actions, "first-fit");
  EXPECT_EQ(made.plan, once);
}

TEST(PlannedShare, WeightsKeepTheSamePlaceInEveryPlan) {
  const Schedule schedule = testing::vgg_like_schedule(16);
  const auto weights_of = [&](const Plan& plan) {
    std::vector<Action> places =
        place_tensors(schedule, plan, machine_of(1), *find_share_method("auto")).plan.actions;
    std::erase_if(places, [&](const Action& action) {
      return action.kind != ActionKind::place || !outlives_iteration(schedule.tensors[action.target].role);
    });
    return places;
  };
  const PlanResult swapped =
      find_policy("lookahead")->make_plan({schedule, testing::unit_machine(), largest_op_bytes(schedule)});
  EXPECT_EQ(weights_of(keep_plan(schedule)), weights_of(swapped.plan));
}

TEST(Share, MethodsAreFoundByName) {
  for (const char* name : {"none", "inplace", "first-fit", "smartpool", "profile-guided", "exact", "auto"}) {
    ASSERT_NE(find_share_method(name), nullptr) << name;
    EXPECT_EQ(find_share_method(name)->name, name);
  }
  EXPECT_EQ(share_methods().size(), 7u);
  EXPECT_EQ(find_share_method("some"), nullptr);
}

TEST(Share, OfATrainingScheduleLittleIsLost) {
  const Schedule schedule = testing::vgg_like_schedule(64);
  for (const char* name : {"first-fit", "smartpool", "profile-guided", "auto"}) {
    const Placements made = share(schedule, name, std::uint64_t{2} << 20);
    EXPECT_LE(static_cast<double>(made.arena_bytes), 1.01 * static_cast<double>(made.lower_bound_bytes))
        << name;
    EXPECT_TRUE(check(schedule, made.plan, footprint_bytes(schedule)).ok()) << name;
    EXPECT_LT(made.arena_bytes, share(schedule, "none").arena_bytes) << name;
  }
}

}  // namespace
}  // namespace octrain::advisor
