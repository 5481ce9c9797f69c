// Copies and the ReLU, one float an index. An output may be an input.
#pragma once

#include <cstdint>

#include "host_device.h"

namespace octrain::layers::cuda {

/// to = from, or to += from.
struct Copy {
  static constexpr const char* kName = "copy";
  const float* from;
  float* to;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    to[i] = accumulate ? to[i] + from[i] : from[i];
  }
};

/// top = max(0, bottom).
struct Rectify {
  static constexpr const char* kName = "ReLU";
  const float* bottom;
  float* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float value = bottom[i];
    top[i] = value > 0 ? value : 0.0f;
  }
};

/// bottom' = top' where top > 0, else 0; or that added.
struct RectifyGradient {
  static constexpr const char* kName = "ReLU, backward";
  const float* top;
  const float* top_gradient;
  float* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float gradient = top[i] > 0 ? top_gradient[i] : 0.0f;
    bottom_gradient[i] = accumulate ? bottom_gradient[i] + gradient : gradient;
  }
};

}  // namespace octrain::layers::cuda
