// What convolution and inner product need beside their libraries: blobs hold elements of the backend's type,
// parameters and their gradients float32. What is of 16-bit elements alone throws std::logic_error for
// others.
#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>

#include "octrain/layers/blob.h"

namespace octrain::layers::cuda {

/// Elements to be written: of a blob, or of what is stored like one.
struct Elements {
  ElementType type = ElementType::float32;
  void* data = nullptr;
};

/// Where the channels of a blob n, c, h, w lie.
struct ChannelShape {
  std::int64_t images = 0, channels = 0, pixels = 0;
};

/// to[i] = from[i], rounded.
void narrow(const float* from, Elements to, std::int64_t count, cudaStream_t stream);
/// to[i] = from[i], or that added.
void widen(const void* from, ElementType type, float* to, bool accumulate, std::int64_t count,
           cudaStream_t stream);
/// Backward of a folded ReLU, in place: gradient[i] = 0 where top[i] is not positive.
void mask_gradient(const void* top, Elements gradient, std::int64_t count, cudaStream_t stream);

/// top += bias (null: none), then max(0, top) with `relu`; of 16-bit blobs.
void add_bias(const float* bias, bool relu, Elements top, const ChannelShape& shape, cudaStream_t stream);
/// bias' = sums of top' over each channel, or that added; of 16-bit blobs. `workspace` has
/// bias_gradient_bytes().
void sum_bias_gradient(const void* top_gradient, ElementType type, const ChannelShape& shape,
                       float* bias_gradient, bool accumulate, std::byte* workspace, cudaStream_t stream);
[[nodiscard]] std::uint64_t bias_gradient_bytes(const ChannelShape& shape);

}  // namespace octrain::layers::cuda
