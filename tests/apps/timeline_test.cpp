// Where each tensor was: worked by hand, against the checker's account of any plan, and with what a memory
// moved by itself.
#include "timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "octrain/runtime/units.h"
#include "support/random_schedule.h"
#include "timeline_states.h"

namespace octrain::apps {
namespace {

using advisor::Role;
using octrain::testing::discard;
using octrain::testing::evict;
using octrain::testing::prefetch;
using octrain::testing::recompute;
using ::testing::ElementsAre;
using States = std::vector<std::vector<StateChange>>;

const std::vector<std::uint64_t> kNoOffsets;

States states_of(const advisor::Schedule& schedule, const advisor::Plan& plan, int iterations) {
  EXPECT_TRUE(advisor::check(schedule, plan, 1 << 20).ok());
  StateWalk walk(schedule, plan, kNoOffsets, false);
  for (int i = 0; i < iterations; ++i) walk.iterate({}, {});
  return walk.states();
}

/// w -> a; w -> b; a, b -> g; g updates w. Bytes 8, 16, 32, 64.
advisor::Schedule small_schedule() {
  octrain::testing::ScheduleBuilder builder;
  const auto w = builder.tensor(Role::weight, 8), a = builder.tensor(Role::activation, 16),
             b = builder.tensor(Role::activation, 32), g = builder.tensor(Role::gradient, 64);
  builder.op({w}, {a});
  builder.op({w}, {b});
  builder.op({a, b}, {g});
  builder.op({g, w}, {w});
  return builder.schedule();
}

TEST(TimelineStates, FollowAPlanByHand) {
  const advisor::Plan plan{
      {prefetch(0, 0), evict(0, 1), prefetch(2, 1), discard(2, 1), discard(2, 2), discard(3, 3)}};
  const States warm = states_of(small_schedule(), plan, 2);
  EXPECT_THAT(warm[0], ElementsAre(StateChange{0, TensorState::resident, Cause::start, 0}));
  EXPECT_THAT(warm[1], ElementsAre(StateChange{0, TensorState::resident, Cause::write, 0},
                                   StateChange{1, TensorState::host, Cause::evict, 0},
                                   StateChange{2, TensorState::resident, Cause::prefetch, 2},
                                   StateChange{3, TensorState::none, Cause::discard, 2}));
  EXPECT_THAT(warm[2], ElementsAre(StateChange{0, TensorState::none, Cause::start, 0},
                                   StateChange{1, TensorState::resident, Cause::write, 1},
                                   StateChange{3, TensorState::none, Cause::discard, 2}));
  EXPECT_THAT(warm[3], ElementsAre(StateChange{0, TensorState::none, Cause::start, 0},
                                   StateChange{2, TensorState::resident, Cause::write, 2}));
  const States cold = states_of(small_schedule(), plan, 1);
  EXPECT_THAT(cold[0], ElementsAre(StateChange{0, TensorState::resident, Cause::prefetch, 0}));
}

TEST(TimelineStates, KeepDeadBytesUntilSomebodyFreesThem) {
  const advisor::Plan plan{{prefetch(0, 0), discard(3, 1), discard(3, 2), discard(3, 3)}};
  const States states = states_of(small_schedule(), plan, 2);
  EXPECT_THAT(states[1], ElementsAre(StateChange{0, TensorState::resident, Cause::write, 0},
                                     StateChange{3, TensorState::dead, Cause::last_use, 2}));
}

TEST(TimelineStates, TellWhatWasComputedOnceMore) {
  octrain::testing::ScheduleBuilder builder;
  const auto w = builder.tensor(Role::weight, 8), a = builder.tensor(Role::activation, 16),
             b = builder.tensor(Role::activation, 32), g = builder.tensor(Role::gradient, 64);
  builder.op({w}, {a});
  builder.op({a}, {b});
  builder.op({a, b}, {g});
  const advisor::Plan plan{
      {prefetch(0, w), discard(1, a), recompute(2, 0), discard(2, a), discard(2, b), discard(2, g)}};
  const advisor::Schedule schedule = builder.schedule();
  ASSERT_TRUE(advisor::check(schedule, plan, 1 << 20).ok());
  StateWalk walk(schedule, plan, kNoOffsets, false);
  walk.iterate({}, {});
  EXPECT_THAT(walk.states()[a], ElementsAre(StateChange{0, TensorState::resident, Cause::write, 0},
                                            StateChange{2, TensorState::recomputed, Cause::rerun, 2}));
  // w and a; w, a and b; with a made anew the same; then g as well.
  EXPECT_THAT(walk.resident_bytes(), ElementsAre(24, 56, 56, 120));
}

TEST(TimelineStates, InCoreEverythingIsThereFromTheStart) {
  const advisor::Schedule schedule = small_schedule();
  const advisor::Plan nothing;
  StateWalk walk(schedule, nothing, kNoOffsets, true);
  walk.iterate({}, {});
  EXPECT_THAT(walk.states()[0], ElementsAre(StateChange{0, TensorState::resident, Cause::start, 0}));
}

TEST(TimelineStates, WhereTensorsSharePlacesTheDeadHoldNone) {
  const advisor::Schedule schedule = small_schedule();
  const advisor::Plan places{{octrain::testing::place(0, 0), octrain::testing::place(1, 8),
                              octrain::testing::place(2, 24), octrain::testing::place(3, 56)}};
  const std::vector<std::uint64_t> offsets = advisor::arena_offsets(places, 4);
  StateWalk walk(schedule, places, offsets, true);
  walk.iterate({}, {});
  EXPECT_THAT(walk.states()[1], ElementsAre(StateChange{0, TensorState::resident, Cause::write, 0},
                                            StateChange{3, TensorState::none, Cause::last_use, 2}));
  EXPECT_THAT(walk.resident_bytes(), ElementsAre(24, 56, 120, 72));
}

TEST(TimelineStates, FollowWhatTheMemoryMovesByItself) {
  octrain::testing::ScheduleBuilder builder;
  const auto w = builder.tensor(Role::weight, 2 * runtime::kBlockBytes);
  for (int i = 0; i < 5; ++i) builder.op({w}, {});
  const advisor::Schedule schedule = builder.schedule();
  const advisor::Plan nothing;
  StateWalk walk(schedule, nothing, kNoOffsets, false);
  walk.iterate({10, 20, 30, 40, 50},
               {{w, true, 5}, {w, true, 10}, {w, false, 15}, {w, false, 25}, {w, true, 35}});
  const auto expected = ElementsAre(StateChange{0, TensorState::resident, Cause::fault, 0},
                                    StateChange{1, TensorState::partial, Cause::room, 1},
                                    StateChange{2, TensorState::resident, Cause::fault, 2});
  // Op 2 reads it when both blocks are gone: whatever the log says, it must have been there.
  EXPECT_THAT(walk.states()[w], expected);
  EXPECT_THAT(walk.resident_bytes(),
              ElementsAre(2 * runtime::kBlockBytes, runtime::kBlockBytes, 2 * runtime::kBlockBytes,
                          2 * runtime::kBlockBytes, 2 * runtime::kBlockBytes));
}

/// Of any plan the most that is resident is what the checker says, and no tensor changes into what it was.
TEST(TimelineStates, HoldAsManyBytesAsTheCheckerSays) {
  int recomputing = 0, sharing = 0;
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    octrain::testing::RandomSchedule random(seed);
    const advisor::Schedule schedule = random.make_with_overwrites();
    const std::uint64_t least = advisor::largest_op_bytes(schedule), all = advisor::footprint_bytes(schedule);
    const std::uint64_t budget = least + (all - least) * random.below(5) / 4;
    const advisor::Machine machine = octrain::testing::unit_machine();
    const char* const recomputes[] = {"none", "memory", "auto"};
    const char* const shares[] = {"none", "auto"};
    const advisor::AdviceRequest request{.schedule = schedule,
                                         .machine = machine,
                                         .budget_bytes = budget,
                                         .policy = "auto",
                                         .recompute = recomputes[seed % 3],
                                         .share = shares[seed % 2],
                                         .search_steps = 2000};
    const advisor::Advice advice = advisor::advise(request);
    if (!advice.feasible()) continue;
    const std::vector<std::uint64_t> offsets = advisor::arena_offsets(advice.plan, schedule.tensors.size());
    recomputing +=
        std::any_of(advice.plan.actions.begin(), advice.plan.actions.end(),
                    [](const auto& action) { return action.kind == advisor::ActionKind::recompute; });
    sharing += !offsets.empty();
    StateWalk walk(schedule, advice.plan, offsets, false);
    std::uint64_t peak_bytes = 0;
    for (int i = 0; i < 2; ++i) {
      walk.iterate({}, {});
      peak_bytes = std::max(peak_bytes, *std::ranges::max_element(walk.resident_bytes()));
    }
    EXPECT_EQ(peak_bytes, advisor::check(schedule, advice.plan, budget).peak_bytes) << "seed " << seed;
    for (const std::vector<StateChange>& changes : walk.states()) {
      ASSERT_FALSE(changes.empty()) << seed;
      EXPECT_EQ(changes.front().step, 0u) << seed;
      for (std::size_t i = 1; i < changes.size(); ++i) {
        EXPECT_LT(changes[i - 1].step, changes[i].step) << seed;
        EXPECT_NE(changes[i - 1].state, changes[i].state) << seed;
      }
    }
  }
  EXPECT_GT(recomputing, 10);
  EXPECT_GT(sharing, 10);
}

constexpr std::uint64_t kSecond = 1'000'000'000;

/// Two ops of ten seconds each, around now; what is logged ends during the first.
runtime::Trace::Iteration iteration_now(std::uint64_t number, bool settled) {
  const std::uint64_t start_ns = runtime::steady_ns() - kSecond;
  runtime::Trace::Iteration iteration;
  iteration.number = number;
  iteration.start_ns = start_ns;
  iteration.end_ns = start_ns + 21 * kSecond;
  iteration.runs = {{0, false, {0, 10 * kSecond, start_ns}},
                    {1, false, {kSecond, 10 * kSecond, start_ns + 10 * kSecond}}};
  iteration.settled = settled;
  return iteration;
}

TEST(Timeline, HasTheLastIterationWithItsLanes) {
  octrain::testing::ScheduleBuilder builder;
  const auto w = builder.tensor(Role::weight, runtime::kBlockBytes);
  const auto a = builder.tensor(Role::activation, runtime::kBlockBytes);
  builder.op({w}, {a});
  builder.op({a}, {});
  const advisor::Schedule schedule = builder.schedule();
  const advisor::Plan nothing;
  const PlanInUse plans[] = {{0, &nothing}};
  std::vector<runtime::Trace::Iteration> iterations{iteration_now(3, true)};
  runtime::TransferLog log;
  log.add({.kind = runtime::TransferKind::fault,
           .tensors = {},
           .offset_bytes = 0,
           .bytes = runtime::kBlockBytes,
           .start_ns = runtime::steady_ns()});
  log.add({.kind = runtime::TransferKind::prefetch,
           .tensors = {a},
           .bytes = 7,
           .start_ns = runtime::steady_ns()});
  log.resident(5);
  const Timeline timeline =
      make_timeline({.schedule = schedule, .plans = plans, .iterations = iterations, .log = log});
  EXPECT_EQ(timeline.iteration, 3u);
  ASSERT_EQ(timeline.steps.size(), 2u);
  EXPECT_EQ(timeline.steps[1].start_ns, static_cast<std::int64_t>(10 * kSecond));
  EXPECT_EQ(timeline.steps[1].stall_ns, kSecond);
  EXPECT_EQ(timeline.steps[0].resident_bytes, 2 * runtime::kBlockBytes);
  const auto lane = [&](runtime::TransferKind kind) {
    return timeline.lanes[static_cast<std::size_t>(kind)];
  };
  ASSERT_EQ(lane(runtime::TransferKind::fault).size(), 1u);
  EXPECT_EQ(lane(runtime::TransferKind::fault)[0].tensor, w) << "by its place";
  EXPECT_EQ(lane(runtime::TransferKind::prefetch)[0].tensor, a);
  EXPECT_EQ(lane(runtime::TransferKind::prefetch)[0].bytes, 7u);
  ASSERT_EQ(timeline.resident.size(), 1u);
  EXPECT_EQ(timeline.resident[0].second, 5u);
  EXPECT_THAT(timeline.states[w], ElementsAre(StateChange{0, TensorState::resident, Cause::fault, 0}));
}

TEST(Timeline, GoesByThePlanThatWasInUse) {
  octrain::testing::ScheduleBuilder builder;
  const auto w = builder.tensor(Role::weight, runtime::kBlockBytes);
  builder.op({w}, {});
  builder.op({}, {});
  const advisor::Schedule schedule = builder.schedule();
  const advisor::Plan keeps{{prefetch(0, w)}}, sends{{prefetch(0, w), evict(0, w)}};
  const PlanInUse plans[] = {{0, &keeps}, {4, &sends}};
  const std::vector<runtime::Trace::Iteration> iterations{iteration_now(3, true), iteration_now(4, true)};
  const runtime::TransferLog log;
  const auto host = StateChange{1, TensorState::host, Cause::evict, 0};
  const Timeline after =
      make_timeline({.schedule = schedule, .plans = plans, .iterations = iterations, .log = log});
  EXPECT_EQ(after.states[w].back(), host);
  const Timeline before = make_timeline(
      {.schedule = schedule, .plans = plans, .iterations = std::span(iterations).first(1), .log = log});
  EXPECT_EQ(before.states[w].size(), 1u);
}

TEST(Timeline, OfNothingIsEmpty) {
  const advisor::Schedule schedule;
  const runtime::TransferLog log;
  EXPECT_TRUE(make_timeline({.schedule = schedule, .plans = {}, .iterations = {}, .log = log}).steps.empty());
}

}  // namespace
}  // namespace octrain::apps
