// Bias and folded ReLU of convolutions and inner products where blobs are stored in 16 bits: the libraries
// take no bias of another type than the blob's.
#pragma once

#include <cstdint>

#include "channels.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// top += bias, then max(0, top) with a folded ReLU; one element an index.
template <class T>
struct AddBias {
  static constexpr const char* kName = "bias";
  ChannelOf channel_of;
  const float* bias;  ///< or null
  T* top;
  bool relu;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const float x = top[i], y = bias != nullptr ? x + bias[channel_of(i)] : x;
    put(top[i], relu && !(y > 0) ? 0 : y);
  }
};

/// Of bias'.
template <class T>
struct BiasTerms {
  const T* top_gradient;

  OCTRAIN_HOST_DEVICE Terms operator()(std::int64_t, std::int64_t at) const { return {top_gradient[at], 0}; }
};

/// One channel an index.
struct BiasGradient {
  static constexpr const char* kName = "bias, backward";
  ChannelParts parts;
  const SumPair* partial;
  float* gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t c) const {
    put(gradient[c], static_cast<float>(parts.total(partial, c).first), accumulate);
  }
};

}  // namespace octrain::layers::cuda
