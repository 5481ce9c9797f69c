// Softmax loss and accuracy: a block an image goes through its logits, one block adds the images up.
#pragma once

#include <cmath>
#include <cstdint>

#include "../launch.h"
#include "divider.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Operands logits (n, classes, 1, 1) and labels of one call; a negative label marks padding.
template <class T>
struct Logits {
  const T* values;
  const float* labels;
  std::int64_t images, classes;

  OCTRAIN_HOST_DEVICE float at(std::int64_t image, std::int64_t c) const {
    return values[image * classes + c];
  }
  /// Neither a class nor padding.
  OCTRAIN_HOST_DEVICE bool is_wrong(std::int64_t image) const {
    return !(labels[image] < static_cast<float>(classes));
  }
  /// Negative where there is none.
  OCTRAIN_HOST_DEVICE std::int64_t label(std::int64_t image) const {
    return is_wrong(image) ? -1 : static_cast<std::int64_t>(std::lround(labels[image]));
  }
};

/// What the softmax of an image needs: the largest logit, through which it is computed so that nothing
/// overflows, and the sum of the exponentials above it.
struct SoftmaxRow {
  double sum;
  float largest;
  float share;  ///< 1 / sum
};

/// A reduction (launch.h), a block an image.
template <class T>
struct LargestLogit {
  static constexpr const char* kName = "softmax, largest logits";
  using Value = float;
  Logits<T> logits;
  SoftmaxRow* rows;

  OCTRAIN_HOST_DEVICE Value lane(std::int64_t image, int index) const {
    Value largest = logits.at(image, 0);
    for (std::int64_t c = index; c < logits.classes; c += kLanes)
      largest = merge(largest, logits.at(image, c));
    return largest;
  }
  OCTRAIN_HOST_DEVICE static Value merge(Value a, Value b) { return b > a ? b : a; }
  OCTRAIN_HOST_DEVICE void finish(std::int64_t image, Value largest) const { rows[image].largest = largest; }
};

/// A reduction, a block an image, after LargestLogit.
template <class T>
struct ExponentialSum {
  static constexpr const char* kName = "softmax, sums";
  using Value = double;
  Logits<T> logits;
  SoftmaxRow* rows;

  OCTRAIN_HOST_DEVICE Value lane(std::int64_t image, int index) const {
    Value sum = 0;
    for (std::int64_t c = index; c < logits.classes; c += kLanes) {
      sum += static_cast<double>(std::exp(logits.at(image, c) - rows[image].largest));
    }
    return sum;
  }
  OCTRAIN_HOST_DEVICE static Value merge(Value a, Value b) { return a + b; }
  OCTRAIN_HOST_DEVICE void finish(std::int64_t image, Value sum) const {
    rows[image].sum = sum;
    rows[image].share = static_cast<float>(1 / sum);
  }
};

/// logits' of one logit an index, which may lie on the logits.
template <class T>
struct SoftmaxGradient {
  static constexpr const char* kName = "softmax loss, backward";
  Logits<T> logits;
  const SoftmaxRow* rows;
  Divider classes;
  float factor;
  T* gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const Divider::Split at = classes.split(i);  // image, class
    const std::int64_t label = logits.label(at.quotient);
    float value = 0;
    if (label >= 0) {
      const SoftmaxRow& row = rows[at.quotient];
      const float z = logits.values[i];
      value = factor * (std::exp(z - row.largest) * row.share);
      if (at.remainder == label) value -= factor;
    }
    put(gradient[i], value, accumulate);
  }
};

/// A reduction, a block an image: how many classes come before the label's.
template <class T>
struct LabelRank {
  static constexpr const char* kName = "accuracy, ranks";
  using Value = std::int64_t;
  Logits<T> logits;
  std::int64_t* ranks;

  OCTRAIN_HOST_DEVICE Value lane(std::int64_t image, int index) const {
    const std::int64_t label = logits.label(image);
    if (label < 0) return logits.classes;
    const float own = logits.at(image, label);
    if (own != own) return logits.classes;  // what is not a number is never right
    Value before = 0;
    for (std::int64_t c = index; c < logits.classes; c += kLanes) {
      const float other = logits.at(image, c);
      before += other > own || (c < label && other == own) ? 1 : 0;
    }
    return before;
  }
  OCTRAIN_HOST_DEVICE static Value merge(Value a, Value b) { return a + b; }
  OCTRAIN_HOST_DEVICE void finish(std::int64_t image, Value before) const { ranks[image] = before; }
};

template <class T>
struct SoftmaxLossOf {
  Logits<T> logits;
  const SoftmaxRow* rows;
  OCTRAIN_HOST_DEVICE double operator()(std::int64_t image) const {
    const std::int64_t label = logits.label(image);
    if (label < 0) return 0;
    return std::log(rows[image].sum) - static_cast<double>(logits.at(image, label) - rows[image].largest);
  }
};

template <class T>
struct IsRight {
  Logits<T> logits;
  const std::int64_t* ranks;
  int top_k;
  OCTRAIN_HOST_DEVICE double operator()(std::int64_t image) const { return ranks[image] < top_k ? 1 : 0; }
};

/// What the host is told of a call.
struct LogitsResult {
  double sum;
  std::int64_t wrong_image;  ///< the first whose label is wrong; the number of images if there is none
  float wrong_label;
};

/// A reduction of one block: of(image) added up, and the labels checked.
template <class Of>
struct TotalOfImages {
  static constexpr const char* kName = "sum over images";
  using Value = LogitsResult;
  Of of;
  LogitsResult* result;

  OCTRAIN_HOST_DEVICE Value lane(std::int64_t, int index) const {
    const auto& logits = of.logits;
    Value total{0, logits.images, 0};
    for (std::int64_t image = index; image < logits.images; image += kLanes) {
      total.sum += of(image);
      if (logits.is_wrong(image) && image < total.wrong_image) {
        total.wrong_image = image;
        total.wrong_label = logits.labels[image];
      }
    }
    return total;
  }
  OCTRAIN_HOST_DEVICE static Value merge(const Value& a, const Value& b) {
    const Value& wrong = b.wrong_image < a.wrong_image ? b : a;
    return {a.sum + b.sum, wrong.wrong_image, wrong.wrong_label};
  }
  OCTRAIN_HOST_DEVICE void finish(std::int64_t, const Value& total) const { *result = total; }
};

}  // namespace octrain::layers::cuda
