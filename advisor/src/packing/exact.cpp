// Search for a packing of least height, component by component, in the manner of minimalloc (Moffitt, ASPLOS
// 2023): canonical solutions, dominance, and inference by sections of time; the rules are in search_state.h.
#include "algorithms.h"
#include "search_lower.h"

namespace octrain::advisor {
namespace {

PackingSolution pack(const PackingProblem& problem, std::uint64_t steps) {
  // The heuristics' answer stands where the steps do not suffice.
  return search_lower(problem, best_of_heuristics(problem), SearchWhat::everything, steps);
}

}  // namespace

PackingAlgorithm exact_packing() {
  return {"exact", "search down to the lower bound or the capacity (after minimalloc)", pack};
}

}  // namespace octrain::advisor
