// Optimizer updates as Caffe computes them, one weight an index. With kScaled the gradient comes multiplied
// by the loss scale, and where it overflowed nothing is changed.
#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.h"

namespace octrain::layers::cuda {

/// On the device, of one update and of all since the host last asked.
struct Overflow {
  int found;
  int ever;
};

/// Notes it if a number is none, or infinite.
struct FindOverflow {
  static constexpr const char* kName = "update, overflow";
  const float* gradient;
  Overflow* overflow;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    constexpr float kLargest = 3.402823466e38f;
    if (std::fabs(gradient[i]) <= kLargest) return;
    overflow->found = 1;  // whoever finds something writes the same
    overflow->ever = 1;
  }
};

/// What the loss was multiplied by.
template <bool kScaled>
struct Scaling {
  OCTRAIN_HOST_DEVICE bool skips() const { return false; }
  OCTRAIN_HOST_DEVICE float undo(float gradient) const { return gradient; }
};
template <>
struct Scaling<true> {
  float scale;
  const Overflow* overflow;  ///< by FindOverflow, of the whole gradient

  OCTRAIN_HOST_DEVICE bool skips() const { return overflow->found != 0; }
  OCTRAIN_HOST_DEVICE float undo(float gradient) const { return gradient / scale; }
};

/// v = momentum v + rate (g + decay w); w -= v. Without momentum there is no v.
template <bool kScaled>
struct SgdStep {
  static constexpr const char* kName = "SGD";
  Scaling<kScaled> scaling;
  float* weight;
  const float* gradient;
  float* velocity;  ///< or null
  float momentum, rate, decay;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    if (scaling.skips()) return;
    float step = rate * (scaling.undo(gradient[i]) + decay * weight[i]);
    if (velocity != nullptr) {
      step += momentum * velocity[i];
      velocity[i] = step;
    }
    weight[i] -= step;
  }
};

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v) + epsilon), g with the
/// decay added, rate with the correction for the first iterations.
template <bool kScaled>
struct AdamStep {
  static constexpr const char* kName = "Adam";
  Scaling<kScaled> scaling;
  float* weight;
  const float* gradient;
  float* mean;
  float* square;
  float beta1, beta2, epsilon, rate, decay;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    if (scaling.skips()) return;
    const float g = scaling.undo(gradient[i]) + decay * weight[i];
    mean[i] = beta1 * mean[i] + (1 - beta1) * g;
    square[i] = beta2 * square[i] + (1 - beta2) * g * g;
    weight[i] -= rate * mean[i] / (std::sqrt(square[i]) + epsilon);
  }
};

}  // namespace octrain::layers::cuda
