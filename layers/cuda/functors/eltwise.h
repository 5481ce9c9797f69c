// Eltwise, one element an index. The top may lie on any bottom: an index reads all of them before it writes.
// Backward it has read top' and the top before it writes, but reads bottoms again for each gradient:
// gradients may lie on the former, which is what lowering offers, and never on bottoms.
#pragma once

#include <cstdint>

#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Operands travel in the launch itself, whose arguments have 4 KiB.
inline constexpr int kMostBottoms = 64;
/// Up to here functors know the number of bottoms when they are compiled: no thread then needs a copy of the
/// operands, as it does where it counts through them.
inline constexpr int kUnrolledBottoms = 4;

enum class Combine { sum, product, maximum };

/// kBottoms of them, or up to kMostBottoms.
template <class T, int kBottoms>
struct EltwiseBottoms {
  static_assert(kBottoms <= kUnrolledBottoms || kBottoms == kMostBottoms);
  Combine operation;
  int some;
  const T* at[kBottoms];
  float coefficients[kBottoms];  ///< 1 but for sums

  OCTRAIN_HOST_DEVICE int count() const { return kBottoms <= kUnrolledBottoms ? kBottoms : some; }
};

template <class T, int kBottoms>
struct EltwiseForward {
  static constexpr const char* kName = "eltwise";
  EltwiseBottoms<T, kBottoms> bottoms;
  T* top;
  bool relu;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float first = bottoms.at[0][i];
    float y = bottoms.coefficients[0] * first;
    for (int b = 1; b < bottoms.count(); ++b) {
      const float x = bottoms.at[b][i];
      if (bottoms.operation == Combine::sum) {
        y += bottoms.coefficients[b] * x;
      } else if (bottoms.operation == Combine::product) {
        y *= x;
      } else {
        y = x > y ? x : y;
      }
    }
    put(top[i], relu && !(y > 0) ? 0 : y);
  }
};

template <class T, int kBottoms>
struct EltwiseBackward {
  static constexpr const char* kName = "eltwise, backward";
  EltwiseBottoms<T, kBottoms> bottoms;  ///< of a sum only the coefficients
  const T* top_gradient;
  const T* top;            ///< null without a folded ReLU
  T* gradients[kBottoms];  ///< null for bottoms that want none
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float y = top != nullptr ? static_cast<float>(top[i]) : 1.0f;
    const float gradient = y > 0 ? static_cast<float>(top_gradient[i]) : 0.0f;
    for (int b = 0; b < bottoms.count(); ++b) {
      if (gradients[b] == nullptr) continue;
      put(gradients[b][i], share(i, b, bottoms.coefficients[b] * gradient), accumulate);
    }
  }

 private:
  /// A product's gradient is multiplied by the other bottoms, a maximum's kept where `bottom` is the first to
  /// attain it.
  OCTRAIN_HOST_DEVICE float share(std::int64_t i, int bottom, float value) const {
    if (bottoms.operation == Combine::sum) return value;
    const float x = bottoms.at[bottom][i];
    for (int other = 0; other < bottoms.count(); ++other) {
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
