// SmartPool (Zhang et al. 2019, beside AutoSwap): weighted interval colouring, largest first, first fit. What
// lives through the whole iteration comes first: it shares with nobody, and would only cut up what lies above
// it.
#include <algorithm>
#include <limits>
#include <tuple>

#include "algorithms.h"

namespace octrain::advisor {
namespace {

PackingSolution pack(const PackingProblem& problem, std::uint64_t /*steps*/) {
  std::vector<std::size_t> order = occupying_buffers(problem);
  std::uint64_t begin = std::numeric_limits<std::uint64_t>::max(), end = 0;
  for (const std::size_t i : order) {
    begin = std::min(begin, problem.buffers[i].lower);
    end = std::max(end, problem.buffers[i].upper);
  }
  // Of one size, the earlier comes first: that is the order in which the pool is asked for them.
  const auto rank = [&](std::size_t i) {
    const Buffer& buffer = problem.buffers[i];
    const bool stays = buffer.lower == begin && buffer.upper == end;
    return std::tuple(!stays, std::numeric_limits<std::uint64_t>::max() - buffer.size_bytes, buffer.lower, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return first_fit_in_order(problem, order);
}

}  // namespace

PackingAlgorithm smartpool_packing() {
  return {
      "smartpool",
      "what lives through the iteration first, then largest first, each at the lowest offset that is free "
      "(SmartPool)",
      pack};
}

}  // namespace octrain::advisor
