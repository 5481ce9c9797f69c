// The lower bound, the validator, and the table of algorithms.
#include "octrain/advisor/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/packing_cases.h"

namespace octrain::advisor {
namespace {

using ::testing::HasSubstr;
using testing::packing_problem;
using Kind = PackingDefect::Kind;

TEST(PackingLowerBound, IsTheLargestLiveSum) {
  EXPECT_EQ(lower_bound(packing_problem({})), 0u);
  EXPECT_EQ(lower_bound(packing_problem({{0, 2, 4}, {2, 4, 7}})), 7u) << "half-open: they never meet";
  // Alive at 0: 4; at 1: 4 + 3; at 2: 3 + 2; at 3: 2.
  EXPECT_EQ(lower_bound(packing_problem({{0, 2, 4}, {1, 3, 3}, {2, 4, 2}})), 7u);
  EXPECT_EQ(lower_bound(packing_problem({{3, 3, 9}, {0, 1, 2}})), 2u) << "an empty life holds nothing";
}

/// 0 lives over ops 0 to 2, 1 over 2 and 3, 2 over 3 alone.
const PackingProblem kProblem = packing_problem({{0, 3, 4}, {2, 4, 3}, {3, 4, 4}}, 8);

std::optional<PackingDefect> defect(std::vector<std::uint64_t> offsets) {
  return check_packing(kProblem, {std::move(offsets), 0, false});
}

TEST(CheckPacking, AcceptsWhatDoesNotMeet) {
  EXPECT_FALSE(defect({0, 4, 0}));
  EXPECT_FALSE(defect({1, 5, 1})) << "holes are no defect, and neither is ending at the capacity";
}

TEST(CheckPacking, NamesTheOverlapAndTheOp) {
  const auto found = defect({0, 3, 0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::overlap);
  EXPECT_EQ(found->a, 0u);
  EXPECT_EQ(found->b, 1u);
  EXPECT_EQ(found->op, 2u);
  EXPECT_THAT(found->message, HasSubstr("buffer 0 and buffer 1 overlap at op 2"));
  EXPECT_EQ(defect({0, 4, 3})->op, 3u);
  EXPECT_EQ(defect({4, 4, 0})->op, 2u) << "the same offset";
  EXPECT_EQ(defect({0, 4, 4})->kind, Kind::overlap) << "one inside the other";
}

TEST(CheckPacking, NamesWhatEndsPastTheCapacity) {
  const auto found = defect({0, 7, 0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::past_capacity);
  EXPECT_EQ(found->a, 1u);
  EXPECT_EQ(found->excess_bytes, 2u);
  EXPECT_THAT(found->message, HasSubstr("buffer 1 ends 2 bytes past the capacity"));
  EXPECT_EQ(defect({0, 20, 0})->excess_bytes, 15u);
}

TEST(CheckPacking, NamesWhatIsMissing) {
  const auto found = defect({0, 4});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::missing);
  EXPECT_EQ(found->a, 2u);
  EXPECT_THAT(found->message, HasSubstr("buffer 2 has no offset"));
}

TEST(PackingAlgorithms, AreFoundByName) {
  for (const char* name : {"auto", "first-fit", "smartpool", "profile-guided", "exact"}) {
    const PackingAlgorithm* algorithm = find_packing_algorithm(name);
    ASSERT_NE(algorithm, nullptr) << name;
    EXPECT_EQ(algorithm->name, name);
    EXPECT_FALSE(algorithm->summary.empty());
  }
  EXPECT_EQ(packing_algorithms().size(), 5u);
  EXPECT_EQ(find_packing_algorithm("worst-fit"), nullptr);
}

TEST(PackingAlgorithms, TakeProblemsThatHoldNothing) {
  for (const PackingAlgorithm& algorithm : packing_algorithms()) {
    EXPECT_EQ(algorithm.pack(packing_problem({}), kQuickSteps).height_bytes, 0u) << algorithm.name;
    const PackingSolution solution = algorithm.pack(packing_problem({{0, 0, 5}, {0, 9, 0}}), kQuickSteps);
    EXPECT_EQ(solution.offsets, (std::vector<std::uint64_t>{0, 0})) << algorithm.name;
    EXPECT_EQ(solution.height_bytes, 0u) << algorithm.name;
    EXPECT_TRUE(solution.proven) << algorithm.name;
  }
}

}  // namespace
}  // namespace octrain::advisor
