// How a model is trained when the user does not say: rates at which each family trains stably.
#pragma once

#include <cstdint>
#include <string_view>

#include "octrain/runtime/solver.h"
#include "options.h"

namespace octrain::apps {

struct Recipe {
  runtime::SolverSpec solver;
  runtime::LearningRate rate;
};

/// What the user gave, the rest by model and by `images` of one update.
[[nodiscard]] Recipe make_recipe(const SolverOptions& options, std::string_view model, std::int64_t images,
                                 std::uint64_t iterations);

}  // namespace octrain::apps
