// The search, against what can be worked out by hand or tried out in full; and the best of all.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "octrain/advisor/packing.h"
#include "support/packing_cases.h"

namespace octrain::advisor {
namespace {

using testing::least_height;
using testing::packing_problem;
using testing::random_packing;
using testing::tight_packing;

PackingSolution pack(std::string_view algorithm, const PackingProblem& problem,
                     std::uint64_t steps = kQuickSteps) {
  return find_packing_algorithm(algorithm)->pack(problem, steps);
}

std::uint64_t best_heuristic(const PackingProblem& problem) {
  return std::min({pack("first-fit", problem).height_bytes, pack("smartpool", problem).height_bytes,
                   pack("profile-guided", problem).height_bytes});
}

/// 0 and 1 meet at op 5 and fill 10 bytes. That is enough with the small 0 on the ground and 1 on it: then 3
/// lies on the ground, and 2 on 3. The heuristics all start with 1 on the ground.
const PackingProblem kBeyondHeuristics = packing_problem({{2, 6, 3}, {5, 9, 7}, {1, 3, 3}, {0, 2, 5}});

/// At every op four bytes are alive, and four are not enough. Of four, 1 lies at 0 or 3, for 0 takes the
/// other three; 5 lies at 0 or 3 because of 7; and as 1 and 5 meet, one lies at 0 and one at 3. If 1 lies at
/// 0, then 3, beside 2 at op 2, lies at 1 or 3; but beside 6 under 5 at op 4 it lies at 0 or 2. The other way
/// round it is the same upside down.
const PackingProblem kGap =
    packing_problem({{0, 2, 3}, {0, 4, 1}, {2, 3, 2}, {2, 5, 1}, {3, 4, 1}, {3, 6, 1}, {4, 5, 2}, {5, 6, 3}});

TEST(ExactPacking, FindsWhatNoHeuristicFinds) {
  ASSERT_EQ(lower_bound(kBeyondHeuristics), 10u);
  ASSERT_EQ(best_heuristic(kBeyondHeuristics), 11u);
  for (const char* algorithm : {"exact", "auto"}) {
    const PackingSolution solution = pack(algorithm, kBeyondHeuristics);
    EXPECT_EQ(solution.height_bytes, 10u) << algorithm;
    EXPECT_TRUE(solution.proven) << algorithm;
    EXPECT_FALSE(check_packing(kBeyondHeuristics, solution)) << algorithm;
  }
}

TEST(ExactPacking, ProvesThatTheLowerBoundCannotBeMet) {
  ASSERT_EQ(lower_bound(kGap), 4u);
  ASSERT_EQ(least_height(kGap), 5u);
  for (const char* algorithm : {"exact", "auto"}) {
    const PackingSolution solution = pack(algorithm, kGap);
    EXPECT_EQ(solution.height_bytes, 5u) << algorithm;
    EXPECT_TRUE(solution.proven) << algorithm;
  }
}

TEST(ExactPacking, ProvesItInAnyOrderEitherWayRoundAndWithMoreAround) {
  std::mt19937 random(1);
  for (int turn = 0; turn < 200; ++turn) {
    PackingProblem problem = kGap;
    for (Buffer& buffer : problem.buffers) {
      if (turn % 2 == 1) buffer = {buffer.id, 6 - buffer.upper, 6 - buffer.lower, buffer.size_bytes};
      buffer.size_bytes *= 1000;
    }
    for (int more = turn % 4; more > 0; --more) {
      const std::uint64_t lower = random() % 6;
      problem.buffers.push_back({"more", lower, lower + 1 + random() % 6, 1 + random() % 2});
    }
    std::shuffle(problem.buffers.begin(), problem.buffers.end(), random);
    const PackingSolution solution = pack("exact", problem);
    ASSERT_GE(solution.height_bytes, 5000u) << "turn " << turn;
    ASSERT_TRUE(solution.proven) << "turn " << turn;
    ASSERT_FALSE(check_packing(problem, solution)) << "turn " << turn;
  }
}

TEST(ExactPacking, TheCapacityIsLowEnough) {
  PackingProblem problem = kBeyondHeuristics;
  problem.capacity_bytes = 11;
  const PackingSolution solution = pack("auto", problem);
  EXPECT_EQ(solution.height_bytes, 11u) << "a heuristic's, without a search";
  EXPECT_FALSE(solution.proven);
  problem.capacity_bytes = 10;
  EXPECT_EQ(pack("auto", problem).height_bytes, 10u);
  problem.capacity_bytes = 1000;
  EXPECT_LE(pack("exact", problem).height_bytes, 11u)
      << "low enough is no reason to be higher than a heuristic";
  problem.capacity_bytes = 3;  // nothing fits there: the lowest there is
  EXPECT_EQ(pack("exact", problem).height_bytes, 10u);
}

TEST(ExactPacking, WithoutStepsItAnswersWhatItHasAndClaimsNothing) {
  for (const char* algorithm : {"exact", "auto"}) {
    const PackingSolution solution = pack(algorithm, kBeyondHeuristics, 0);
    EXPECT_EQ(solution.height_bytes, best_heuristic(kBeyondHeuristics)) << algorithm;
    EXPECT_FALSE(solution.proven) << algorithm;
    EXPECT_FALSE(check_packing(kBeyondHeuristics, solution)) << algorithm;
  }
}

TEST(ExactPacking, PartsThatNeverMeetAreSearchedApart) {
  // The two problems above, one after the other, the second in units of 7: 35 against 10.
  PackingProblem problem = kBeyondHeuristics;
  for (Buffer buffer : kGap.buffers) {
    problem.buffers.push_back({buffer.id + "'", buffer.lower + 9, buffer.upper + 9, 7 * buffer.size_bytes});
  }
  const PackingSolution solution = pack("exact", problem);
  EXPECT_EQ(lower_bound(problem), 28u);
  EXPECT_EQ(solution.height_bytes, 35u);
  EXPECT_TRUE(solution.proven);
  EXPECT_FALSE(check_packing(problem, solution));
}

TEST(ExactPacking, IsAsLowAsCanBe) {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    const PackingProblem problem = seed % 2 == 0 ? random_packing(seed, 7) : tight_packing(seed, 4, 5);
    if (problem.buffers.size() > 8) continue;
    const std::uint64_t least = least_height(problem);
    for (const char* algorithm : {"exact", "auto"}) {
      const PackingSolution solution = pack(algorithm, problem);
      ASSERT_EQ(solution.height_bytes, least) << algorithm << ", seed " << seed;
      ASSERT_TRUE(solution.proven) << algorithm << ", seed " << seed;
    }
  }
}

/// `copies` of the problem one after the other, so that none meets another.
PackingProblem in_turn(const PackingProblem& problem, std::size_t copies) {
  std::uint64_t ops = 0;
  for (const Buffer& buffer : problem.buffers) ops = std::max(ops, buffer.upper);
  PackingProblem result;
  for (std::size_t copy = 0; copy < copies; ++copy) {
    for (const Buffer& b : problem.buffers)
      result.buffers.push_back({b.id, b.lower + copy * ops, b.upper + copy * ops, b.size_bytes});
  }
  return result;
}

TEST(AutoPacking, OfVeryManyBuffersTriesTheQuickHeuristicAlone) {
  PackingProblem problem;
  for (std::uint32_t seed = 0; problem.buffers.empty(); ++seed) {
    PackingProblem candidate = random_packing(seed, 20);
    if (pack("profile-guided", candidate).height_bytes > best_heuristic(candidate))
      problem = std::move(candidate);
  }
  const PackingProblem few = in_turn(problem, 10),
                       many = in_turn(problem, 30'000 / problem.buffers.size() + 1);
  EXPECT_LT(pack("auto", few, 0).height_bytes, pack("profile-guided", few).height_bytes);
  EXPECT_EQ(pack("auto", many, 0).height_bytes, pack("profile-guided", many).height_bytes);
}

TEST(ExactPacking, TheSameProblemTheSameAnswer) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const PackingProblem problem = tight_packing(seed, 40, 30);
    EXPECT_EQ(pack("exact", problem, 2'000'000).offsets, pack("exact", problem, 2'000'000).offsets) << seed;
  }
}

}  // namespace
}  // namespace octrain::advisor
