// Scale: a factor and an offset a channel. A folded ReLU is undone by computing the top again, by the very
// same fused multiply-add.
#pragma once

#include <cmath>
#include <cstdint>

#include "channels.h"
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

struct ScaleForward {
  static constexpr const char* kName = "scale";
  ScaleOf scale;
  ChannelOf channel_of;
  const float* bottom;
  float* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    top[i] = scale.forward(bottom[i], channel_of(i));
  }
};

/// Of gamma' and beta'.
struct ScaleTerms {
  ScaleOf scale;
  const float* bottom;
  const float* top_gradient;

  OCTRAIN_HOST_DEVICE Terms operator()(std::int64_t channel, std::int64_t at) const {
    const float gradient = scale.gradient(bottom[at], top_gradient[at], channel);
    return {gradient * bottom[at], gradient};
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

struct ScaleBackward {
  static constexpr const char* kName = "scale, backward";
  ScaleOf scale;
  ChannelOf channel_of;
  const float* bottom;
  const float* top_gradient;
  float* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t c = channel_of(i);
    const float value = scale.gamma[c] * scale.gradient(bottom[i], top_gradient[i], c);
    bottom_gradient[i] = accumulate ? bottom_gradient[i] + value : value;
  }
};

}  // namespace octrain::layers::cuda
