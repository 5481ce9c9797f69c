// Concat: a bottom's images are runs of floats within the images of the top.
#pragma once

#include <cstdint>

#include "divider.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// to (+)= from, runs of one length at strides of their own; one float an index.
struct CopyRuns {
  static constexpr const char* kName = "concat";
  const float* from;
  float* to;
  Divider run;  ///< floats
  std::int64_t from_stride, to_stride;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const Divider::Split at = run.split(i);
    const float value = from[at.quotient * from_stride + at.remainder];
    float& target = to[at.quotient * to_stride + at.remainder];
    target = accumulate ? target + value : value;
  }
};

}  // namespace octrain::layers::cuda
