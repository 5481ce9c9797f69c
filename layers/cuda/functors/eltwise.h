// Eltwise, one float an index. All that an index reads it reads before it writes: an output may lie on what
// is read.
#pragma once

#include <cstdint>

#include "host_device.h"

namespace octrain::layers::cuda {

/// Operands travel in the launch itself, whose arguments have 4 KiB.
inline constexpr int kMostBottoms = 64;

enum class Combine { sum, product, maximum };

struct EltwiseBottoms {
  Combine operation;
  int count;
  const float* at[kMostBottoms];
  float coefficients[kMostBottoms];  ///< 1 but for sums
};

struct EltwiseForward {
  static constexpr const char* kName = "eltwise";
  EltwiseBottoms bottoms;
  float* top;
  bool relu;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    float y = bottoms.coefficients[0] * bottoms.at[0][i];
    for (int b = 1; b < bottoms.count; ++b) {
      const float x = bottoms.at[b][i];
      if (bottoms.operation == Combine::sum) {
        y += bottoms.coefficients[b] * x;
      } else if (bottoms.operation == Combine::product) {
        y *= x;
      } else {
        y = x > y ? x : y;
      }
    }
    top[i] = relu && !(y > 0) ? 0 : y;
  }
};

/// The gradients of bottoms `first`, `first` + 1, …
struct EltwiseBackward {
  static constexpr const char* kName = "eltwise, backward";
  EltwiseBottoms bottoms;  ///< of a sum only the coefficients
  const float* top_gradient;
  const float* top;  ///< null without a folded ReLU
  int first, gradient_count;
  float* gradients[kMostBottoms];
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float gradient = top != nullptr && !(top[i] > 0) ? 0 : top_gradient[i];
    for (int g = 0; g < gradient_count; ++g) {
      const float value = share(i, first + g, bottoms.coefficients[first + g] * gradient);
      gradients[g][i] = accumulate ? gradients[g][i] + value : value;
    }
  }

 private:
  /// A product's gradient is multiplied by the other bottoms, a maximum's kept where `bottom` is the first to
  /// attain it.
  OCTRAIN_HOST_DEVICE float share(std::int64_t i, int bottom, float value) const {
    if (bottoms.operation == Combine::sum) return value;
    const float x = bottoms.at[bottom][i];
    for (int other = 0; other < bottoms.count; ++other) {
      if (other == bottom) continue;
      const float z = bottoms.at[other][i];
      if (bottoms.operation == Combine::product) {
        value *= z;
      } else if (other < bottom) {
        value = x > z ? value : 0;
      } else {
        value = z > x ? 0 : value;
      }
    }
    return value;
  }
};

}  // namespace octrain::layers::cuda
