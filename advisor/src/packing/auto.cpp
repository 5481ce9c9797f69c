// The best of all: the heuristics first, then search where they are too high.
#include <algorithm>
#include <utility>

#include "algorithms.h"
#include "search_lower.h"

namespace octrain::advisor {
namespace {

/// All heuristics but the first look at everything that is placed already: for so many buffers in about a
/// second.
constexpr std::size_t kMostForAll = 30'000;

PackingSolution pack(const PackingProblem& problem, std::uint64_t steps) {
  return search_lower(problem, best_of_heuristics(problem), SearchWhat::what_is_too_high, steps);
}

}  // namespace

PackingSolution best_of_heuristics(const PackingProblem& problem) {
  const std::uint64_t target_bytes = std::max(problem.capacity_bytes, lower_bound(problem));
  PackingSolution best;
  for (const PackingAlgorithm& heuristic :
       {profile_guided_packing(), smartpool_packing(), first_fit_packing()}) {
    PackingSolution solution = heuristic.pack(problem, 0);
    if (best.offsets.empty() || solution.height_bytes < best.height_bytes) best = std::move(solution);
    if (best.height_bytes <= target_bytes || problem.buffers.size() > kMostForAll) break;
  }
  return best;
}

PackingAlgorithm auto_packing() {
  return {"auto", "the heuristics; where they leave more than the lower bound or the capacity, search", pack};
}

}  // namespace octrain::advisor
