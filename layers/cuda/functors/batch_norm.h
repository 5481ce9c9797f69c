// Batch normalisation. layers/src/batch_norm.cpp says what the small buffers hold: moments, norm and sums,
// each two values a channel, all of the first before all of the second.
#pragma once

#include <cmath>
#include <cstdint>

#include "channels.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Of x - pivot and its square, the pivot a channel's first value, so that a mean far from zero costs no
/// digits.
template <class T>
struct MomentTerms {
  const T* bottom;
  std::int64_t pixels;

  OCTRAIN_HOST_DEVICE float pivot(std::int64_t channel) const { return bottom[channel * pixels]; }
  OCTRAIN_HOST_DEVICE Terms operator()(std::int64_t channel, std::int64_t at) const {
    const float x = bottom[at], distance = x - pivot(channel);
    return {distance, distance * distance};
  }
};

/// Adds a slab's share to the moments of the images before it (Chan, Golub and LeVeque 1979); one channel an
/// index, here and in the next five.
template <class T>
struct MergeMoments {
  static constexpr const char* kName = "batch norm, statistics";
  ChannelParts parts;
  const SumPair* partial;
  MomentTerms<T> terms;
  double before, added;  ///< floats of a channel; before: 0 if there is nothing to add to
  double* mean;
  double* squares;  ///< of the deviations from the mean, added up

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const SumPair sums = parts.total(partial, c);
    const double shifted = sums.first / added;
    const double slab_mean = static_cast<double>(terms.pivot(c)) + shifted;
    const double deviations = sums.second - added * shifted * shifted;
    const double slab_squares = deviations < 0 ? 0 : deviations;
    const double old_mean = before > 0 ? mean[c] : slab_mean, old_squares = before > 0 ? squares[c] : 0;
    const double delta = slab_mean - old_mean;
    mean[c] = old_mean + delta * added / (before + added);
    squares[c] = old_squares + slab_squares + delta * delta * before * added / (before + added);
  }
};

/// The norm of a batch out of its moments; running averages.
struct FinishTraining {
  static constexpr const char* kName = "batch norm, end of statistics";
  const double* mean;
  const double* squares;
  double count;  ///< floats of a channel
  float epsilon, momentum;
  float* norm_mean;
  float* norm_inverse;
  const float* old_mean;
  const float* old_variance;
  float* running_mean;
  float* running_variance;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const double unbiased = count > 1 ? count - 1 : 1;
    norm_mean[c] = static_cast<float>(mean[c]);
    norm_inverse[c] = static_cast<float>(1 / std::sqrt(squares[c] / count + static_cast<double>(epsilon)));
    running_mean[c] = momentum * old_mean[c] + (1 - momentum) * static_cast<float>(mean[c]);
    running_variance[c] =
        momentum * old_variance[c] + (1 - momentum) * static_cast<float>(squares[c] / unbiased);
  }
};

/// The norm of running averages.
struct FinishTesting {
  static constexpr const char* kName = "batch norm, statistics in testing";
  const float* running_mean;
  const float* running_variance;
  float epsilon;
  float* norm_mean;
  float* norm_inverse;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    norm_mean[c] = running_mean[c];
    norm_inverse[c] = 1 / std::sqrt(running_variance[c] + epsilon);
  }
};

/// Normalisation and what follows it.
struct Norm {
  const float* mean;
  const float* inverse;  ///< 1 / sqrt(variance + epsilon)
  const float* gamma;    ///< or null
  const float* beta;     ///< or null
  bool relu;

  OCTRAIN_HOST_DEVICE float scale(std::int64_t channel) const {
    return gamma != nullptr ? gamma[channel] * inverse[channel] : inverse[channel];
  }
  OCTRAIN_HOST_DEVICE float forward(float x, std::int64_t channel) const {
    const float shift = beta != nullptr ? beta[channel] : 0.0f;
    const float y = std::fma(x - mean[channel], scale(channel), shift);
    return relu && !(y > 0) ? 0 : y;
  }
  /// The top's gradient before the folded ReLU, which is undone by computing the top again.
  OCTRAIN_HOST_DEVICE float gradient(float x, float top_gradient, std::int64_t channel) const {
    return relu && !(forward(x, channel) > 0) ? 0 : top_gradient;
  }
};

/// One element an index.
template <class T>
struct Normalise {
  static constexpr const char* kName = "batch norm";
  Norm norm;
  ChannelOf channel_of;
  const T* bottom;
  T* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    put(top[i], norm.forward(bottom[i], channel_of(i)));
  }
};

/// Of top' and top' (bottom - mean).
template <class T>
struct GradientTerms {
  Norm norm;
  const T* bottom;
  const T* top_gradient;

  OCTRAIN_HOST_DEVICE Terms operator()(std::int64_t channel, std::int64_t at) const {
    const float x = bottom[at], gradient = norm.gradient(x, top_gradient[at], channel);
    return {gradient, gradient * (x - norm.mean[channel])};
  }
};

struct StoreSums {
  static constexpr const char* kName = "batch norm, backward statistics";
  ChannelParts parts;
  const SumPair* partial;
  double* gradients;
  double* projections;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const SumPair sums = parts.total(partial, c);
    gradients[c] = accumulate ? gradients[c] + sums.first : sums.first;
    projections[c] = accumulate ? projections[c] + sums.second : sums.second;
  }
};

struct NormParameters {
  static constexpr const char* kName = "batch norm, backward to parameters";
  const double* gradients;
  const double* projections;
  const float* inverse;
  float* gamma_gradient;
  float* beta_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const float gamma = static_cast<float>(projections[c] * static_cast<double>(inverse[c]));
    const float beta = static_cast<float>(gradients[c]);
    gamma_gradient[c] = accumulate ? gamma_gradient[c] + gamma : gamma;
    beta_gradient[c] = accumulate ? beta_gradient[c] + beta : beta;
  }
};

/// What each channel takes from its gradients: mean of top', mean of top' (bottom - mean) / variance.
struct NormSlopes {
  static constexpr const char* kName = "batch norm, means of gradients";
  const double* gradients;
  const double* projections;
  const float* inverse;
  double count;
  float* offsets;
  float* slopes;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    const double factor = static_cast<double>(inverse[c]);
    offsets[c] = static_cast<float>(gradients[c] / count);
    slopes[c] = static_cast<float>(projections[c] / count * factor * factor);
  }
};

/// bottom' = scale (top' - offset - (bottom - mean) slope); one element an index.
template <class T>
struct NormBackward {
  static constexpr const char* kName = "batch norm, backward";
  Norm norm;
  ChannelOf channel_of;
  const T* bottom;
  const T* top_gradient;
  const float* offsets;
  const float* slopes;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t c = channel_of(i);
    const float x = bottom[i], gradient = norm.gradient(x, top_gradient[i], c);
    put(bottom_gradient[i], norm.scale(c) * (gradient - offsets[c] - (x - norm.mean[c]) * slopes[c]),
        accumulate);
  }
};

}  // namespace octrain::layers::cuda
