// Lowers a packing by search, component by component.
#pragma once

#include <cstdint>

#include "octrain/advisor/packing.h"

namespace octrain::advisor {

/// Components (buffers connected by meeting one another) of more buffers than this are left as they are.
inline constexpr std::size_t kMostSearched = 2000;

enum class SearchWhat { everything, what_is_too_high };

/// Searches for a packing no higher than the lower bound or the capacity; then, while there are steps, for
/// one as low as possible above that. Never higher than `start`.
[[nodiscard]] PackingSolution search_lower(const PackingProblem& problem, PackingSolution start,
                                           SearchWhat what, std::uint64_t steps);

}  // namespace octrain::advisor
