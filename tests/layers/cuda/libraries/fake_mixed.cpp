// The kernels of mixed.h, which need a device.
#include <cstring>

#include "layers/elements.h"
#include "mixed.h"

namespace octrain::layers::cuda {

namespace {

using layers::testing::read_element;
using layers::testing::write_element;

constexpr std::uint64_t kPartsBytes = 40;

}  // namespace

void narrow(const float* from, Elements to, std::int64_t count, cudaStream_t) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    write_element(to.data, i, to.type, static_cast<double>(from[i]));
}

void widen(const void* from, ElementType type, float* to, bool accumulate, std::int64_t count, cudaStream_t) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    to[i] = static_cast<float>(read_element(from, i, type)) + (accumulate ? to[i] : 0);
}

void mask_gradient(const void* top, Elements gradient, std::int64_t count, cudaStream_t) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    if (read_element(top, i, gradient.type) <= 0) write_element(gradient.data, i, gradient.type, 0);
  }
}

void add_bias(const float* bias, bool relu, Elements top, const ChannelShape& shape, cudaStream_t) {
  for (std::int64_t i = 0; i < shape.images * shape.channels * shape.pixels; ++i) {
    const auto at = static_cast<std::size_t>(i);
    double y = read_element(top.data, at, top.type);
    if (bias != nullptr) y += static_cast<double>(bias[i / shape.pixels % shape.channels]);
    write_element(top.data, at, top.type, relu && y < 0 ? 0 : y);
  }
}

void sum_bias_gradient(const void* top_gradient, ElementType type, const ChannelShape& shape,
                       float* bias_gradient, bool accumulate, std::byte* workspace, cudaStream_t) {
  std::memset(workspace, 0x5a, kPartsBytes);
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    double sum = accumulate ? static_cast<double>(bias_gradient[c]) : 0;
    for (std::int64_t i = 0; i < shape.images * shape.pixels; ++i) {
      const std::int64_t at = (i / shape.pixels * shape.channels + c) * shape.pixels + i % shape.pixels;
      sum += read_element(top_gradient, static_cast<std::size_t>(at), type);
    }
    bias_gradient[c] = static_cast<float>(sum);
  }
}

std::uint64_t bias_gradient_bytes(const ChannelShape&) { return kPartsBytes; }

}  // namespace octrain::layers::cuda
