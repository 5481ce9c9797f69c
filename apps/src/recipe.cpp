#include "recipe.h"

#include <algorithm>

#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

using runtime::LearningRate;
using runtime::SolverSpec;

struct Family {
  std::string_view prefix;
  float rate;     ///< at `images` a batch
  double images;  ///< smaller batches scale the rate down in proportion, larger ones leave it
  float weight_decay;
};

/// First match counts. lenet: Caffe's lenet_solver. cifar10-full: Caffe's, of which it is the first rate.
/// resnet: He et al. 2015, 0.1 at 256 images, linear below (Goyal et al. 2017). The others: 0.01 at 256
/// images, as their papers say.
constexpr Family kFamilies[] = {
    {"lenet", 0.01f, 1, 0.0005f},     {"cifar10", 0.001f, 1, 0.004f},    {"resnet", 0.1f, 256, 0.0001f},
    {"alexnet", 0.01f, 128, 0.0005f}, {"googlenet", 0.01f, 32, 0.0002f}, {"", 0.01f, 256, 0.0005f},
};

constexpr float kAdamRate = 0.001f;

const Family& family_of(std::string_view model) {
  for (const Family& family : kFamilies) {
    if (model.starts_with(family.prefix)) return family;
  }
  return kFamilies[std::size(kFamilies) - 1];
}

}  // namespace

Recipe make_recipe(const SolverOptions& options, std::string_view model, std::int64_t images,
                   std::uint64_t iterations) {
  const Family& family = family_of(model);
  Recipe recipe{{.kind = options.kind}, options.rate};
  recipe.solver.weight_decay = options.weight_decay.value_or(family.weight_decay);
  if (options.kind == SolverSpec::Kind::adam && options.momentum) {
    throw runtime::UsageError("--momentum is sgd's; leave it out with --solver adam");
  }
  recipe.solver.momentum = options.momentum.value_or(recipe.solver.momentum);
  const double share = std::min(1.0, static_cast<double>(images) / family.images);
  const float by_model =
      options.kind == SolverSpec::Kind::adam ? kAdamRate : static_cast<float>(family.rate * share);
  recipe.rate.base = options.base_rate.value_or(by_model);
  recipe.rate.max_iterations = iterations;
  if (recipe.rate.policy == LearningRate::Policy::multistep &&
      (recipe.rate.step_iterations.empty() ||
       !std::is_sorted(recipe.rate.step_iterations.begin(), recipe.rate.step_iterations.end()))) {
    throw runtime::UsageError("--lr-policy multistep needs --steps in ascending order, like 1000,2000");
  }
  return recipe;
}

}  // namespace octrain::apps
