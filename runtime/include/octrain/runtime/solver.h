// The solver: how gradients change weights, and how the learning rate changes with iterations (Caffe's
// rules).
#pragma once

#include <cstdint>
#include <vector>

namespace octrain::runtime {

struct LearningRate {
  enum class Policy { fixed, step, multistep, poly, exp, inv };
  Policy policy = Policy::fixed;
  float base = 0.01f;
  float gamma = 0.1f;
  float power = 1;
  std::uint64_t step_size = 1;                 ///< step
  std::vector<std::uint64_t> step_iterations;  ///< multistep, ascending
  std::uint64_t max_iterations = 1;            ///< poly
};

/// fixed: base; step: base gamma^floor(i / step); exp: base gamma^i; inv: base (1 + gamma i)^-power;
/// multistep: base gamma^(steps passed); poly: base (1 - i / max)^power.
[[nodiscard]] float learning_rate(const LearningRate& rule, std::uint64_t iteration);

/// What the update op needs to know.
struct SolverSpec {
  enum class Kind { sgd, adam };
  Kind kind = Kind::sgd;
  float momentum = 0.9f;  ///< sgd: v = momentum v + lr (g + decay w); w -= v
  float beta1 = 0.9f, beta2 = 0.999f,
        epsilon = 1e-8f;         ///< adam (Kingma and Ba 2015), with Caffe's bias correction in the rate
  float weight_decay = 0.0005f;  ///< L2
  [[nodiscard]] int state_count() const { return kind == Kind::adam ? 2 : momentum != 0 ? 1 : 0; }
};

}  // namespace octrain::runtime
