// The packing algorithms, one source file each, and what they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "octrain/advisor/packing.h"

namespace octrain::advisor {

[[nodiscard]] PackingAlgorithm first_fit_packing();
[[nodiscard]] PackingAlgorithm smartpool_packing();
[[nodiscard]] PackingAlgorithm profile_guided_packing();
[[nodiscard]] PackingAlgorithm exact_packing();
[[nodiscard]] PackingAlgorithm auto_packing();

/// Does the buffer ever hold a byte? Those that do not lie at offset 0, and in nobody's way.
[[nodiscard]] inline bool occupies(const Buffer& buffer) {
  return buffer.lower < buffer.upper && buffer.size_bytes > 0;
}

/// The buffers that occupy anything, by index.
[[nodiscard]] std::vector<std::size_t> occupying_buffers(const PackingProblem& problem);

/// Gives each buffer of `order` in turn the lowest offset at which it meets none before it.
[[nodiscard]] PackingSolution first_fit_in_order(const PackingProblem& problem,
                                                 const std::vector<std::size_t>& order);

/// The lowest answer of the heuristics; the rest are not asked once one is as low as the capacity or the
/// lower bound, nor for very many buffers.
[[nodiscard]] PackingSolution best_of_heuristics(const PackingProblem& problem);

/// Fills in the height, and whether the lower bound proves it.
[[nodiscard]] PackingSolution measured(const PackingProblem& problem, std::vector<std::uint64_t> offsets);

}  // namespace octrain::advisor
