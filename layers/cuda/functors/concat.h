// Concat: a bottom's images are runs of elements within the images of the top.
#pragma once

#include <cstdint>

#include "divider.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// to (+)= from, runs of one length at strides of their own; one element an index.
template <class T>
struct CopyRuns {
  static constexpr const char* kName = "concat";
  const T* from;
  T* to;
  Divider run;  ///< elements
  std::int64_t from_stride, to_stride;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const Divider::Split at = run.split(i);
    put(to[at.quotient * to_stride + at.remainder], from[at.quotient * from_stride + at.remainder],
        accumulate);
  }
};

}  // namespace octrain::layers::cuda
