// Copies and the ReLU, one element an index. An output may be an input.
#pragma once

#include <cstdint>

#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// to = from, or to += from.
template <class From, class To>
struct Copy {
  static constexpr const char* kName = "copy";
  const From* from;
  To* to;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const { put(to[i], from[i], accumulate); }
};

/// top = max(0, bottom).
template <class T>
struct Rectify {
  static constexpr const char* kName = "ReLU";
  const T* bottom;
  T* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float value = bottom[i];
    put(top[i], value > 0 ? value : 0.0f);
  }
};

/// bottom' = top' where top > 0, else 0; or that added.
template <class T>
struct RectifyGradient {
  static constexpr const char* kName = "ReLU, backward";
  const T* top;
  const T* top_gradient;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float value = top[i], gradient = top_gradient[i];
    put(bottom_gradient[i], value > 0 ? gradient : 0.0f, accumulate);
  }
};

}  // namespace octrain::layers::cuda
