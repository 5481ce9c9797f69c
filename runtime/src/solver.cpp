#include "octrain/runtime/solver.h"

#include <algorithm>
#include <cmath>

namespace octrain::runtime {
namespace {

double factor(const LearningRate& rule, std::uint64_t iteration) {
  const double i = static_cast<double>(iteration), gamma = rule.gamma, power = rule.power;
  switch (rule.policy) {
    case LearningRate::Policy::fixed:
      return 1;
    case LearningRate::Policy::step: {
      const std::uint64_t steps = iteration / std::max<std::uint64_t>(rule.step_size, 1);
      return std::pow(gamma, static_cast<double>(steps));
    }
    case LearningRate::Policy::multistep: {
      const auto& steps = rule.step_iterations;
      return std::pow(gamma, std::upper_bound(steps.begin(), steps.end(), iteration) - steps.begin());
    }
    case LearningRate::Policy::poly:
      return std::pow(
          1 - std::min(1.0, i / static_cast<double>(std::max<std::uint64_t>(rule.max_iterations, 1))), power);
    case LearningRate::Policy::exp:
      return std::pow(gamma, i);
    case LearningRate::Policy::inv:
      return std::pow(1 + gamma * i, -power);
  }
  return 1;
}

}  // namespace

float learning_rate(const LearningRate& rule, std::uint64_t iteration) {
  return static_cast<float>(static_cast<double>(rule.base) * factor(rule, iteration));
}

}  // namespace octrain::runtime
