// Scale: a factor and an offset a channel. A folded ReLU is undone by computing the top again, by the very
// same fused multiply-add.
#pragma once

#include <cmath>
#include <cstdint>

#include "channels.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

struct ScaleOf {
  const float* gamma;
  const float* beta;  ///< or null
  bool relu;

  OCTRAIN_HOST_DEVICE float forward(float x, std::int64_t channel) const {
    const float y = std::fma(x, gamma[channel], beta != nullptr ? beta[channel] : 0.0f);
    return relu && !(y > 0) ? 0 : y;
  }
  /// The top's gradient before the folded ReLU.
  OCTRAIN_HOST_DEVICE float gradient(float x, float top_gradient, std::int64_t channel) const {
    return relu && !(forward(x, channel) > 0) ? 0 : top_gradient;
  }
};

template <class T>
struct ScaleForward {
  static constexpr const char* kName = "scale";
  ScaleOf scale;
  ChannelOf channel_of;
  const T* bottom;
  T* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    put(top[i], scale.forward(bottom[i], channel_of(i)));
  }
};

/// Of gamma' and beta'.
template <class T>
struct ScaleTerms {
  ScaleOf scale;
  const T* bottom;
  const T* top_gradient;

  OCTRAIN_HOST_DEVICE Terms operator()(std::int64_t channel, std::int64_t at) const {
    const float x = bottom[at], gradient = scale.gradient(x, top_gradient[at], channel);
    return {gradient * x, gradient};
  }
};

/// One channel an index.
struct ScaleParameters {
  static constexpr const char* kName = "scale, backward to parameters";
  ChannelParts parts;
  const SumPair* partial;
  float* gamma_gradient;
  float* beta_gradient;  ///< or null
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const SumPair sums = parts.total(partial, c);
    gamma_gradient[c] = (accumulate ? gamma_gradient[c] : 0) + static_cast<float>(sums.first);
    if (beta_gradient == nullptr) return;
    beta_gradient[c] = (accumulate ? beta_gradient[c] : 0) + static_cast<float>(sums.second);
  }
};

template <class T>
struct ScaleBackward {
  static constexpr const char* kName = "scale, backward";
  ScaleOf scale;
  ChannelOf channel_of;
  const T* bottom;
  const T* top_gradient;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t c = channel_of(i);
    put(bottom_gradient[i], scale.gamma[c] * scale.gradient(bottom[i], top_gradient[i], c), accumulate);
  }
};

}  // namespace octrain::layers::cuda
