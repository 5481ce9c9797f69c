// Local response normalisation, one element an index. Its window reads neighbours, so what they need is first
// put into the workspace; what then overwrites an operand reads only its own element of it.
#pragma once

#include <cmath>
#include <cstdint>

#include "channels.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Sums over an element's neighbours: in the channels beside it, or in its own plane.
class LrnWindow {
 public:
  LrnWindow(bool across, int size, std::int64_t channels, std::int64_t height, std::int64_t width)
      : across_(across),
        half_(size / 2),
        channels_(channels),
        height_(height),
        width_(width),
        by_pixels_(height * width),
        by_channels_(channels),
        by_width_(width) {}

  /// The sum of of(position) over the window of element i.
  template <class Of>
  OCTRAIN_HOST_DEVICE float sum(std::int64_t i, const Of& of) const {
    const Divider::Split at = by_pixels_.split(i);  // plane, pixel
    float total = 0;
    if (across_) {
      const std::int64_t channel = by_channels_.split(at.quotient).remainder;
      const std::int64_t first = from(channel), last = to(channel, channels_);
      for (std::int64_t c = first; c <= last; ++c) total += of(i + (c - channel) * height_ * width_);
      return total;
    }
    const Divider::Split place = by_width_.split(at.remainder);  // row, column
    const std::int64_t first_column = from(place.remainder), last_column = to(place.remainder, width_);
    for (std::int64_t row = from(place.quotient); row <= to(place.quotient, height_); ++row) {
      const std::int64_t shift = (row - place.quotient) * width_ - place.remainder;
      float of_row = 0;
      for (std::int64_t column = first_column; column <= last_column; ++column)
        of_row += of(i + shift + column);
      total += of_row;
    }
    return total;
  }

 private:
  OCTRAIN_HOST_DEVICE std::int64_t from(std::int64_t at) const { return at < half_ ? 0 : at - half_; }
  OCTRAIN_HOST_DEVICE std::int64_t to(std::int64_t at, std::int64_t extent) const {
    return at + half_ < extent ? at + half_ : extent - 1;
  }

  bool across_;
  std::int64_t half_, channels_, height_, width_;
  Divider by_pixels_, by_channels_, by_width_;
};

/// base^-power; 0.75, the usual one, by square roots.
OCTRAIN_HOST_DEVICE inline float negative_power(float base, float power) {
  if (power != 0.75f) return std::pow(base, -power);
  const float root = std::sqrt(base);
  return 1 / (root * std::sqrt(root));
}

struct LrnParameters {
  float k, factor, beta;  ///< factor: alpha / elements of a window
};

/// sums = k + factor * window sum of x^2; with a gradient also ratios = top' x sums^-beta / sums.
template <class T>
struct LrnSums {
  static constexpr const char* kName = "LRN, sums";
  LrnWindow window;
  LrnParameters parameters;
  const T* bottom;
  const T* top_gradient;  ///< or null
  float* sums;
  float* ratios;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const SquareOf square{bottom};
    const float sum = parameters.k + parameters.factor * window.sum(i, square);
    sums[i] = sum;
    if (top_gradient == nullptr) return;
    const float gradient = top_gradient[i], x = bottom[i];
    ratios[i] = gradient * x * negative_power(sum, parameters.beta) / sum;
  }

 private:
  struct SquareOf {
    const T* values;
    OCTRAIN_HOST_DEVICE float operator()(std::int64_t at) const {
      const float x = values[at];
      return x * x;
    }
  };
};

/// top = x sums^-beta.
template <class T>
struct LrnForward {
  static constexpr const char* kName = "LRN";
  LrnParameters parameters;
  const T* bottom;
  const float* sums;
  T* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float x = bottom[i];
    put(top[i], x * negative_power(sums[i], parameters.beta));
  }
};

/// bottom' = top' sums^-beta - 2 beta factor x * window sum of ratios.
template <class T>
struct LrnBackward {
  static constexpr const char* kName = "LRN, backward";
  LrnWindow window;
  LrnParameters parameters;
  const T* bottom;
  const T* top_gradient;
  const float* sums;
  const float* ratios;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const RatioOf ratio{ratios};
    const float slope = 2 * parameters.beta * parameters.factor;
    const float gradient = top_gradient[i], x = bottom[i];
    put(bottom_gradient[i],
        gradient * negative_power(sums[i], parameters.beta) - slope * x * window.sum(i, ratio), accumulate);
  }

 private:
  struct RatioOf {
    const float* values;
    OCTRAIN_HOST_DEVICE float operator()(std::int64_t at) const { return values[at]; }
  };
};

}  // namespace octrain::layers::cuda
