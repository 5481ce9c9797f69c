#include "policies/swap_candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "support/random_schedule.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;
using Ids = std::vector<TensorId>;

/// Two load peaks. Limit 24: op 2 holds y, z and 20 of workspace, 36 bytes, 12 too many for 5 ns; op 4 holds
/// y, x and 16 of workspace, 28 bytes, 4 too many for 20 ns. Ops start at 0, 10, 20, 25, 35, 55, 65.
///
///     absence              transfers  DOA      AOA         WDOA
///   y  10 to 55 (ops 1-4)  20         25       25*10=250   12*5 + 4*20 = 140
///   x  35 to 65 (ops 4-5)  4          26       26*2=52            4*20 =  80
///   z  20 to 25 (op 2)     12         -7       -7/6        12*5        =  60
Schedule two_peaks() {
  ScheduleBuilder builder;
  const TensorId y = builder.tensor(Role::activation, 10);
  const TensorId x = builder.tensor(Role::activation, 2);
  const TensorId z = builder.tensor(Role::activation, 6);
  builder.op({}, {y}, 10);
  builder.op({}, {z}, 10);
  builder.op({}, {}, 5, 20);
  builder.op({z}, {x}, 10);
  builder.op({}, {}, 20, 16);
  builder.op({y}, {}, 10);
  builder.op({x}, {}, 10);
  return builder.schedule();
}
constexpr TensorId kY = 0, kX = 1, kZ = 2;

/// A schedule's absences under a limit.
struct Choice {
  Choice(Schedule s, std::uint64_t limit_bytes, std::uint64_t least_bytes = 0)
      : schedule(std::move(s)),
        liveness(schedule),
        table(list_gaps(schedule, liveness)),
        overload(overload_of(schedule, liveness, table, limit_bytes)),
        candidates(
            list_candidates(schedule, liveness, table, Pace(schedule, machine), overload, least_bytes)) {}
  [[nodiscard]] Ids tensors(const std::vector<std::size_t>& positions) const {
    Ids ids;
    for (const std::size_t i : positions) ids.push_back(table.gaps[candidates[i].gap].tensor);
    return ids;
  }
  [[nodiscard]] Ranking ranking(Score score) const { return rank(score, candidates, table, overload); }
  [[nodiscard]] Ids ranked(Score score) const { return tensors(ranking(score)); }
  [[nodiscard]] Ids picked(Score score) const {
    Overload left = overload;
    return tensors(pick(ranking(score), candidates, table, left));
  }

  Machine machine = testing::unit_machine();
  Schedule schedule;
  Liveness liveness;
  GapTable table;
  Overload overload;
  std::vector<Candidate> candidates;
};

TEST(SwapCandidates, FreeTimeIsTheAbsenceWithoutItsTransfers) {
  const Choice choice(two_peaks(), 24);
  ASSERT_EQ(choice.candidates.size(), 3u);
  EXPECT_EQ(choice.candidates[kY].free_ns, 25);
  EXPECT_EQ(choice.candidates[kX].free_ns, 26);
  EXPECT_EQ(choice.candidates[kZ].free_ns, -7);
}

TEST(SwapCandidates, OnlyWhatStraddlesAPeakAndIsNotSmall) {
  EXPECT_EQ(Choice(two_peaks(), 24, 6).candidates.size(), 2u) << "x, of 2 bytes, stays";
  EXPECT_EQ(Choice(two_peaks(), 28).candidates.size(), 2u) << "only op 2 is above 28, and x is not made yet";
  EXPECT_TRUE(Choice(two_peaks(), 36).candidates.empty());
}

TEST(SwapCandidates, WhatNobodyWritesLeavesForNothing) {
  ScheduleBuilder builder;
  const TensorId input = builder.tensor(Role::input, 4);
  builder.op({input}, {}, 10);
  builder.op({}, {}, 10, 9);
  builder.op({input}, {}, 10);
  EXPECT_EQ(Choice(builder.schedule(), 9).candidates.at(0).free_ns, 10 - 4);
}

TEST(SwapCandidates, AWeightsAbsenceRunsOverTheEndOfTheIteration) {
  ScheduleBuilder builder;
  const TensorId weight = builder.tensor(Role::weight, 4);
  builder.op({}, {}, 7, 9);
  builder.op({weight}, {weight}, 10);
  builder.op({}, {}, 20);
  const Choice choice(builder.schedule(), 9);
  ASSERT_EQ(choice.candidates.size(), 1u);
  EXPECT_EQ(choice.candidates[0].free_ns, 20 + 7 - 2 * 4);
}

TEST(SwapCandidates, EachScoreHasItsOrder) {
  const Choice choice(two_peaks(), 24);
  EXPECT_EQ(choice.ranked(Score::doa), (Ids{kX, kY, kZ}));
  EXPECT_EQ(choice.ranked(Score::aoa), (Ids{kY, kX, kZ}));
  EXPECT_EQ(choice.ranked(Score::wdoa), (Ids{kY, kX, kZ}));
  // Without y, op 2 is 2 bytes too full for 5 ns and op 4 not at all: z is worth 10, x nothing.
  EXPECT_EQ(choice.ranked(Score::swdoa), (Ids{kY, kZ, kX}));
}

TEST(SwapCandidates, VotesAddUpPlaces) {
  const Choice choice(two_peaks(), 24);
  std::vector<Ranking> rankings;
  for (const Score score : kScores) rankings.push_back(choice.ranking(score));
  // By DOA, AOA, WDOA, SWDOA: y 1+0+0+0, x 0+1+1+2, z 2+2+2+1.
  EXPECT_EQ(choice.tensors(vote(rankings)), (Ids{kY, kX, kZ}));
  rankings.resize(1);
  EXPECT_EQ(choice.tensors(vote(rankings)), (Ids{kX, kY, kZ})) << "DOA alone";
}

TEST(SwapCandidates, ANegativeDurationIsDividedByTheBytes) {
  Choice choice(two_peaks(), 24);
  choice.candidates[kY].free_ns = -25;  // -25/10
  choice.candidates[kX].free_ns = -6;   // -6/2
  EXPECT_EQ(choice.ranked(Score::doa), (Ids{kX, kZ, kY}));
  EXPECT_EQ(choice.ranked(Score::aoa), (Ids{kZ, kY, kX}));
}

TEST(SwapCandidates, PicksUntilThePeaksAreUnderTheLimit) {
  const Choice choice(two_peaks(), 24);
  EXPECT_EQ(choice.picked(Score::doa), (Ids{kX, kY, kZ}));
  EXPECT_EQ(choice.picked(Score::aoa), (Ids{kY, kZ})) << "x straddles op 4 alone, where y was enough";
  EXPECT_EQ(Choice(two_peaks(), 26).picked(Score::aoa), (Ids{kY})) << "36 - 10 and 28 - 10 bytes fit";
}

/// The best by a score of their own, each time over all that are left.
Ids slow_swdoa(const Choice& choice) {
  Overload overload = choice.overload;
  std::vector<std::size_t> left(choice.candidates.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  Ids picked;
  while (!left.empty()) {
    const auto weight = [&](std::size_t i) {
      return overload.area(choice.table.gaps[choice.candidates[i].gap]);
    };
    const auto best = std::max_element(left.begin(), left.end(),
                                       [&](std::size_t a, std::size_t b) { return weight(a) < weight(b); });
    if (weight(*best) == 0) break;
    const Candidate& candidate = choice.candidates[*best];
    picked.push_back(choice.table.gaps[candidate.gap].tensor);
    overload.relieve(choice.table.gaps[candidate.gap], candidate.bytes);
    left.erase(best);
  }
  return picked;
}

TEST(SwapCandidates, RescoringOnlyTheHeadOfTheQueueIsEnough) {
  std::size_t several = 0;
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    const Schedule schedule = testing::random_schedule(seed);
    const Choice choice(schedule, largest_op_bytes(schedule));
    const Ids slow = slow_swdoa(choice);
    Ids ranked = choice.ranked(Score::swdoa);
    ASSERT_GE(ranked.size(), slow.size());
    ranked.resize(slow.size());
    EXPECT_EQ(ranked, slow) << "seed " << seed;
    several += slow.size() > 2 ? 1 : 0;
  }
  EXPECT_GT(several, 100u);
}

}  // namespace
}  // namespace octrain::advisor
