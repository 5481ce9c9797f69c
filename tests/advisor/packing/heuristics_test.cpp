// First fit, SmartPool and profile-guided packing on cases small enough to draw.
#include <gtest/gtest.h>

#include "octrain/advisor/packing.h"
#include "support/packing_cases.h"

namespace octrain::advisor {
namespace {

using testing::packing_problem;
using Offsets = std::vector<std::uint64_t>;

PackingSolution pack(std::string_view algorithm, const PackingProblem& problem) {
  return find_packing_algorithm(algorithm)->pack(problem, 0);
}

TEST(FirstFit, TakesTheLargestFirstAndTheLowestHole) {
  // 1 (4 bytes) on the ground; 0 (3) meets it: at 4; 2 (2) meets 0 alone: below it.
  const PackingSolution solution = pack("first-fit", packing_problem({{1, 3, 3}, {0, 2, 4}, {2, 4, 2}}));
  EXPECT_EQ(solution.offsets, (Offsets{4, 0, 0}));
  EXPECT_EQ(solution.height_bytes, 7u);
  EXPECT_TRUE(solution.proven);
}

TEST(FirstFit, PassesOverHolesThatAreTooSmall) {
  // 0 on the ground; 1 meets it: at 9; 2 meets 1 alone and lies under it. 3 meets both: between them, from 7
  // to 9, there is room for one byte and not for three. 4 meets nobody.
  const PackingProblem problem = packing_problem({{0, 2, 9}, {1, 4, 8}, {3, 5, 7}, {3, 4, 1}, {8, 9, 6}});
  EXPECT_EQ(pack("first-fit", problem).offsets, (Offsets{0, 9, 0, 7, 0}));
  const PackingProblem larger = packing_problem({{0, 2, 9}, {1, 4, 8}, {3, 5, 7}, {3, 4, 3}, {8, 9, 6}});
  EXPECT_EQ(pack("first-fit", larger).offsets, (Offsets{0, 9, 0, 17, 0}));
}

TEST(FirstFit, OfOneSizeTheFirstNamedIsTheLower) {
  EXPECT_EQ(pack("first-fit", packing_problem({{0, 2, 4}, {1, 3, 4}, {0, 3, 4}})).offsets,
            (Offsets{0, 4, 8}));
}

TEST(FirstFit, ManyThatNeverMeetLieOnTheGround) {
  PackingProblem problem;
  for (std::uint64_t i = 0; i < 500; ++i) problem.buffers.push_back({{}, 2 * i, 2 * i + 2, 1 + i % 7});
  EXPECT_EQ(pack("first-fit", problem).offsets, Offsets(500, 0));
}

TEST(FirstFit, ManyThatAllMeetLieOnOneAnother) {
  PackingProblem problem;
  for (std::uint64_t i = 0; i < 500; ++i) problem.buffers.push_back({{}, 0, 2, 1});
  const PackingSolution solution = pack("first-fit", problem);
  for (std::uint64_t i = 0; i < 500; ++i) EXPECT_EQ(solution.offsets[i], i);
}

TEST(SmartPool, WhatLivesThroughTheIterationComesFirst) {
  // 1 lives over all four ops and is the smallest: on the ground all the same. Then 2 (6), 0 (5), 3 (4).
  const PackingProblem problem = packing_problem({{0, 2, 5}, {0, 4, 1}, {2, 4, 6}, {1, 3, 4}});
  EXPECT_EQ(pack("smartpool", problem).offsets, (Offsets{1, 0, 1, 7}));
  EXPECT_EQ(pack("first-fit", problem).offsets, (Offsets{0, 10, 0, 6})) << "which puts it on top";
}

TEST(SmartPool, OfOneSizeTheEarlierComesFirst) {
  const PackingProblem problem = packing_problem({{2, 4, 5}, {1, 3, 5}, {0, 2, 5}});
  EXPECT_EQ(pack("smartpool", problem).offsets, (Offsets{0, 5, 0}));
  EXPECT_EQ(pack("first-fit", problem).offsets, (Offsets{0, 5, 0}));
  const PackingProblem other = packing_problem({{1, 3, 5}, {0, 2, 5}, {2, 4, 5}});
  EXPECT_EQ(pack("smartpool", other).offsets, (Offsets{5, 0, 0}));
  EXPECT_EQ(pack("first-fit", other).offsets, (Offsets{0, 5, 5}));
}

TEST(ProfileGuided, PutsTheLongestLivedOnTheLowestLine) {
  // On [0,6): 0 and 2 live longest, 0 is larger: at 0. Lowest line then [4,6): 3 at 0, as high as 0: one line
  // at 2. 2 lives longer than 1: at 2. Lowest line [0,2): 1 at 2.
  const PackingProblem problem = packing_problem({{0, 4, 2}, {0, 2, 3}, {2, 6, 1}, {4, 6, 2}});
  const PackingSolution solution = pack("profile-guided", problem);
  EXPECT_EQ(solution.offsets, (Offsets{0, 2, 2, 0}));
  EXPECT_EQ(solution.height_bytes, 5u);
  EXPECT_TRUE(solution.proven);
}

TEST(ProfileGuided, LiftsALineOnWhichNothingFits) {
  // 1 lives longest: at 0. Nothing lives within [0,2): lifted to 1 and one with its neighbour. There 0 fits,
  // over a hole.
  EXPECT_EQ(pack("profile-guided", packing_problem({{0, 3, 2}, {2, 6, 1}})).offsets, (Offsets{1, 0}));
}

TEST(ProfileGuided, LiftsToTheLowerNeighbour) {
  const PackingProblem problem = packing_problem({{0, 3, 4}, {4, 8, 2}, {2, 5, 1}, {3, 7, 3}});
  // 1 and 3 live longest, 3 is larger: 3 at 0 over [3,7). Line [0,3): 0 at 0. Line [7,8): lifted to 3 with
  // [3,7): there fits 1 ([4,8)): at 3. Line [3,4) at 3: nothing; lifted to 4, one with [0,3); [0,4) at 4:
  // nothing; lifted to 5 with [4,8): 2 at 5.
  EXPECT_EQ(pack("profile-guided", problem).offsets, (Offsets{0, 3, 5, 0}));
}

}  // namespace
}  // namespace octrain::advisor
