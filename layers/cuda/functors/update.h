// Optimizer updates as Caffe computes them, one weight an index.
#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.h"

namespace octrain::layers::cuda {

/// v = momentum v + rate (g + decay w); w -= v. Without momentum there is no v.
struct SgdStep {
  static constexpr const char* kName = "SGD";
  float* weight;
  const float* gradient;
  float* velocity;  ///< or null
  float momentum, rate, decay;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    float step = rate * (gradient[i] + decay * weight[i]);
    if (velocity != nullptr) {
      step += momentum * velocity[i];
      velocity[i] = step;
    }
    weight[i] -= step;
  }
};

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v) + epsilon), g with the
/// decay added, rate with the correction for the first iterations.
struct AdamStep {
  static constexpr const char* kName = "Adam";
  float* weight;
  const float* gradient;
  float* mean;
  float* square;
  float beta1, beta2, epsilon, rate, decay;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float g = gradient[i] + decay * weight[i];
    mean[i] = beta1 * mean[i] + (1 - beta1) * g;
    square[i] = beta2 * square[i] + (1 - beta2) * g * g;
    weight[i] -= rate * mean[i] / (std::sqrt(square[i]) + epsilon);
  }
};

}  // namespace octrain::layers::cuda
