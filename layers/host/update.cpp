// Optimizer updates as Caffe computes them: the layer's rate is learning_rate * lr_mult, its decay
// weight_decay * decay_mult.
#include <cmath>

#include "kernels.h"
#include "parallel.h"

namespace octrain::layers::host {

namespace {

// v = momentum v + rate (g + decay w); w -= v. Without momentum there is no v.
class SgdUpdate final : public UpdateKernel {
 public:
  explicit SgdUpdate(const runtime::SolverSpec& solver)
      : momentum_(solver.momentum), decay_(solver.weight_decay) {}

  void run(std::span<const Segment> segments, float* weight, const float* gradient,
           std::span<float* const> states, const Iteration& iteration) const override {
    float* velocity = states.empty() ? nullptr : states[0];
    for (const Segment& segment : segments) {
      const float rate = iteration.learning_rate * segment.lr_mult, decay = decay_ * segment.decay_mult;
      const float momentum = momentum_;
      parallel_elements(segment.count, [=, first = segment.first](std::int64_t begin, std::int64_t end) {
        if (velocity == nullptr) {
#pragma omp simd
          for (std::int64_t i = first + begin; i < first + end; ++i) {
            weight[i] -= rate * (gradient[i] + decay * weight[i]);
          }
          return;
        }
#pragma omp simd
        for (std::int64_t i = first + begin; i < first + end; ++i) {
          const float step = momentum * velocity[i] + rate * (gradient[i] + decay * weight[i]);
          velocity[i] = step;
          weight[i] -= step;
        }
      });
    }
  }

 private:
  float momentum_, decay_;
};

// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m /
// (sqrt(v) + epsilon), t counting from 1, g with the decay added.
class AdamUpdate final : public UpdateKernel {
 public:
  explicit AdamUpdate(const runtime::SolverSpec& solver) : solver_(solver) {}

  void run(std::span<const Segment> segments, float* weight, const float* gradient,
           std::span<float* const> states, const Iteration& iteration) const override {
    const double t = static_cast<double>(iteration.number) + 1;
    const double correction = std::sqrt(1 - std::pow(static_cast<double>(solver_.beta2), t)) /
                              (1 - std::pow(static_cast<double>(solver_.beta1), t));
    for (const Segment& segment : segments) {
      const float rate = static_cast<float>(iteration.learning_rate * correction) * segment.lr_mult;
      const float decay = solver_.weight_decay * segment.decay_mult;
      update(segment, weight, gradient, states[0], states[1], rate, decay);
    }
  }

 private:
  void update(const Segment& segment, float* weight, const float* gradient, float* mean, float* square,
              float rate, float decay) const {
    const float beta1 = solver_.beta1, beta2 = solver_.beta2, epsilon = solver_.epsilon;
    parallel_elements(segment.count, [=, first = segment.first](std::int64_t begin, std::int64_t end) {
#pragma omp simd
      for (std::int64_t i = first + begin; i < first + end; ++i) {
        const float g = gradient[i] + decay * weight[i];
        mean[i] = beta1 * mean[i] + (1 - beta1) * g;
        square[i] = beta2 * square[i] + (1 - beta2) * g * g;
        weight[i] -= rate * mean[i] / (std::sqrt(square[i]) + epsilon);
      }
    });
  }

  runtime::SolverSpec solver_;
};

}  // namespace

std::unique_ptr<UpdateKernel> make_update_kernel(const runtime::SolverSpec& solver) {
  if (solver.kind == runtime::SolverSpec::Kind::adam) return std::make_unique<AdamUpdate>(solver);
  return std::make_unique<SgdUpdate>(solver);
}

}  // namespace octrain::layers::host
