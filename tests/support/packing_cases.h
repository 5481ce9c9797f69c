// Packing problems: by hand, at random, and the lowest packing of the small ones by brute force.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "octrain/advisor/packing.h"

namespace octrain::testing {

/// Buffers #0, #1, … of {lower, upper, size}.
[[nodiscard]] inline advisor::PackingProblem packing_problem(
    const std::vector<std::array<std::uint64_t, 3>>& buffers, std::uint64_t capacity_bytes = 0) {
  advisor::PackingProblem problem;
  for (const auto& [lower, upper, size] : buffers) {
    problem.buffers.push_back({std::to_string(problem.buffers.size()), lower, upper, size});
  }
  problem.capacity_bytes = capacity_bytes;
  return problem;
}

/// Seeded. Sizes and lives of several kinds; some buffers hold nothing, some are alike.
[[nodiscard]] inline advisor::PackingProblem random_packing(std::uint32_t seed, std::uint32_t most_buffers) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  advisor::PackingProblem problem;
  const std::uint32_t count = 1 + below(most_buffers);
  const std::uint32_t ops = 1 + below(2 * count);
  const std::uint32_t longest = 1 + below(ops);
  const std::uint64_t unit = below(3) == 0 ? 2u << 20 : 1;
  const std::uint32_t largest = 1 + below(12);
  while (problem.buffers.size() < count) {
    if (!problem.buffers.empty() && below(8) == 0) {
      problem.buffers.push_back(problem.buffers[below(static_cast<std::uint32_t>(problem.buffers.size()))]);
    } else {
      const std::uint64_t lower = below(ops);
      const std::uint64_t life = below(20) == 0 ? 0 : 1 + below(longest);
      problem.buffers.push_back({{}, lower, lower + life, unit * (below(20) == 0 ? 0 : 1 + below(largest))});
    }
    problem.buffers.back().id = "b" + std::to_string(problem.buffers.size());
  }
  return problem;
}

/// Seeded: at every op exactly `height` bytes are alive, in few buffers of up to three bytes. Not all fit
/// into `height`.
[[nodiscard]] inline advisor::PackingProblem tight_packing(std::uint32_t seed, std::uint32_t height,
                                                           std::uint32_t ops) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  advisor::PackingProblem problem;
  std::vector<std::size_t> alive;
  std::uint64_t free_bytes = height;
  for (std::uint32_t op = 0; op < ops; ++op) {
    std::erase_if(alive, [&](std::size_t i) {
      if (below(2) == 0) return false;
      problem.buffers[i].upper = op;
      free_bytes += problem.buffers[i].size_bytes;
      return true;
    });
    while (free_bytes > 0) {
      const std::uint64_t size =
          1 + below(static_cast<std::uint32_t>(std::min<std::uint64_t>(free_bytes, 3)));
      alive.push_back(problem.buffers.size());
      problem.buffers.push_back({std::to_string(problem.buffers.size()), op, ops, size});
      free_bytes -= size;
    }
  }
  return problem;
}

/// The least height over all orders in which buffers can be put on what is there (for a handful of buffers).
[[nodiscard]] inline std::uint64_t least_height(const advisor::PackingProblem& problem) {
  std::vector<advisor::Buffer> buffers = problem.buffers;
  std::erase_if(buffers, [](const auto& b) { return b.lower >= b.upper || b.size_bytes == 0; });
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::uint64_t least = buffers.empty() ? 0 : ~std::uint64_t{0};
  do {
    std::vector<std::uint64_t> top(buffers.size(), 0);
    std::uint64_t height = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const advisor::Buffer& buffer = buffers[order[i]];
      std::uint64_t offset = 0;
      for (std::size_t k = 0; k < i; ++k) {
        const advisor::Buffer& other = buffers[order[k]];
        if (buffer.lower < other.upper && other.lower < buffer.upper) offset = std::max(offset, top[k]);
      }
      top[i] = offset + buffer.size_bytes;
      height = std::max(height, top[i]);
    }
    if (!buffers.empty()) least = std::min(least, height);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

}  // namespace octrain::testing
