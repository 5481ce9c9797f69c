// Every answer of every packing algorithm over random problems holds, and a spoiled one is refused by name.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "octrain/advisor/packing.h"
#include "support/packing_cases.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

constexpr std::uint32_t kProblems = 4000;
constexpr std::uint64_t kSteps = 200'000;  // so few that some searches end without an answer

PackingProblem any_problem(std::uint32_t seed) {
  return seed % 4 == 0 ? tight_packing(seed, 4 + seed % 29, 3 + seed % 17)
                       : random_packing(seed, seed % 2 == 0 ? 20 : 90);
}

TEST(RandomPackings, EveryAnswerHolds) {
  std::map<std::string_view, int> at_the_bound;
  for (std::uint32_t seed = 0; seed < kProblems; ++seed) {
    const PackingProblem problem = any_problem(seed);
    const std::uint64_t least = lower_bound(problem);
    std::map<std::string_view, PackingSolution> solutions;
    for (const PackingAlgorithm& algorithm : packing_algorithms()) {
      PackingSolution& solution = solutions[algorithm.name] = algorithm.pack(problem, kSteps);
      PackingProblem closed = problem;  // its own height as the capacity: nothing may end past it
      closed.capacity_bytes = std::max<std::uint64_t>(1, solution.height_bytes);
      const auto defect = check_packing(closed, solution);
      ASSERT_FALSE(defect) << algorithm.name << ", seed " << seed << ": " << defect->message;
      ASSERT_GE(solution.height_bytes, least) << algorithm.name << ", seed " << seed;
      if (solution.height_bytes == least) {
        ASSERT_TRUE(solution.proven) << algorithm.name << ", seed " << seed;
        ++at_the_bound[algorithm.name];
      }
    }
    for (const auto& [name, solution] : solutions) {
      if (name != "exact") {  // whose search, cut short, may have been luckier
        ASSERT_LE(solutions["auto"].height_bytes, solution.height_bytes) << name << ", seed " << seed;
      }
      ASSERT_FALSE(solution.proven && solutions["auto"].height_bytes < solution.height_bytes) << name << seed;
    }
  }
  EXPECT_GT(at_the_bound["auto"], at_the_bound["first-fit"]);
  EXPECT_GT(at_the_bound["auto"], at_the_bound["profile-guided"]);
}

/// Any two that are alive together and share a byte, tried one by one.
bool overlaps_anywhere(const PackingProblem& problem, const std::vector<std::uint64_t>& offsets) {
  for (std::size_t a = 0; a < problem.buffers.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const Buffer &x = problem.buffers[a], &y = problem.buffers[b];
      const std::uint64_t first = std::max(x.lower, y.lower), last = std::min(x.upper, y.upper);
      const std::uint64_t low = std::max(offsets[a], offsets[b]);
      const std::uint64_t high = std::min(offsets[a] + x.size_bytes, offsets[b] + y.size_bytes);
      if (first < last && low < high) return true;
    }
  }
  return false;
}

/// Does the defect say what is so?
void expect_true(const PackingProblem& problem, const std::vector<std::uint64_t>& offsets,
                 const PackingDefect& d) {
  const Buffer &a = problem.buffers[d.a], &b = problem.buffers[d.b];
  if (d.kind == PackingDefect::Kind::past_capacity) {
    EXPECT_EQ(offsets[d.a] + a.size_bytes, problem.capacity_bytes + d.excess_bytes);
    EXPECT_GT(d.excess_bytes, 0u);
  } else {
    ASSERT_EQ(d.kind, PackingDefect::Kind::overlap);
    EXPECT_EQ(d.op, std::max(a.lower, b.lower));
    EXPECT_LT(d.op, std::min(a.upper, b.upper));
    EXPECT_LT(std::max(offsets[d.a], offsets[d.b]),
              std::min(offsets[d.a] + a.size_bytes, offsets[d.b] + b.size_bytes));
  }
}

TEST(RandomPackings, SpoiledAnswersAreRefusedByName) {
  std::map<PackingDefect::Kind, int> refused;
  int harmless = 0;
  for (std::uint32_t seed = 0; seed < kProblems; ++seed) {
    PackingProblem problem = any_problem(seed);
    PackingSolution solution = find_packing_algorithm("profile-guided")->pack(problem, 0);
    problem.capacity_bytes = std::max<std::uint64_t>(1, solution.height_bytes);
    std::mt19937 random(seed);
    if (seed % 10 == 0) {
      solution.offsets.pop_back();
      ASSERT_EQ(check_packing(problem, solution)->kind, PackingDefect::Kind::missing);
      ++refused[PackingDefect::Kind::missing];
      continue;
    }
    const std::size_t moved = random() % problem.buffers.size();
    solution.offsets[moved] = random() % (problem.capacity_bytes + 4);
    bool past = false;
    for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
      const Buffer& b = problem.buffers[i];
      const bool empty = b.lower == b.upper || b.size_bytes == 0;
      past |= !empty && solution.offsets[i] + b.size_bytes > problem.capacity_bytes;
    }
    const bool bad = past || overlaps_anywhere(problem, solution.offsets);
    const auto defect = check_packing(problem, solution);
    ASSERT_EQ(defect.has_value(), bad) << "seed " << seed;
    harmless += !bad;
    if (!bad) continue;
    expect_true(problem, solution.offsets, *defect);
    ++refused[defect->kind];
  }
  EXPECT_GT(refused[PackingDefect::Kind::overlap], 1000);
  EXPECT_GT(refused[PackingDefect::Kind::past_capacity], 200);
  EXPECT_GT(harmless, 100) << "some moves are fine, and must not be refused";
}

}  // namespace
}  // namespace octrain::testing
