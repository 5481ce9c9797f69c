// Dropout, forward and backward alike: out (+)= in * mask. Four elements share the words of one counter, so
// an index is a group of four, counted from the batch's first element.
#pragma once

#include <cstdint>

#include "element.h"
#include "host_device.h"
#include "octrain/runtime/random.h"

namespace octrain::layers::cuda {

template <class T>
struct Dropout {
  static constexpr const char* kName = "dropout";
  static constexpr int kGroup = 4;

  const T* in;
  T* out;
  std::int64_t first;  ///< the call's first element, in the batch
  std::int64_t count;
  runtime::Philox generator;
  std::uint64_t iteration;
  float ratio, scale;
  bool accumulate;

  /// Groups that the call's elements lie in.
  std::int64_t groups() const { return (first + count + kGroup - 1) / kGroup - first / kGroup; }

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t group = first / kGroup + index;
    const auto words = generator(static_cast<std::uint64_t>(group), iteration);
    for (int k = 0; k < kGroup; ++k) {
      const std::int64_t i = group * kGroup + k - first;
      if (i < 0 || i >= count) continue;
      const float uniform = static_cast<float>(words[static_cast<std::size_t>(k)] >> 8) * 0x1p-24f;
      const float x = in[i];
      put(out[i], uniform < ratio ? 0 : x * scale, accumulate);
    }
  }
};

}  // namespace octrain::layers::cuda
