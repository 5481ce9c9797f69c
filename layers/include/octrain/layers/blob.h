// A blob: one named value of a net, a batch of images (n, c, h, w), cut into slabs of whole images.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::layers {

struct Shape {
  std::int64_t n = 0, c = 0, h = 0, w = 0;
  [[nodiscard]] std::int64_t image_elements() const { return c * h * w; }
  [[nodiscard]] std::int64_t elements() const { return n * image_elements(); }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// What a number of a blob is stored as. Kernels compute in float32 whatever it is.
enum class ElementType { float32, float16, bfloat16 };

[[nodiscard]] constexpr std::uint64_t size_of(ElementType element) {
  return element == ElementType::float32 ? 4 : 2;
}
[[nodiscard]] constexpr std::string_view name_of(ElementType element) {
  return element == ElementType::float32   ? "float32"
         : element == ElementType::float16 ? "float16"
                                           : "bfloat16";
}

/// How an image lies in memory: [ceil(c / channel_block)][h][w][channel_block] elements; channels past c are
/// zero. channel_block 1 is plain c, h, w. Images follow one another, so any run of whole images is
/// contiguous.
struct Layout {
  int channel_block = 1;
  ElementType element = ElementType::float32;
  friend bool operator==(const Layout&, const Layout&) = default;
};

/// Bytes in a tensor of the schedule.
struct TensorView {
  advisor::TensorId tensor = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const TensorView&, const TensorView&) = default;
};

struct BlobDesc {
  std::string name;
  Shape shape;
  Layout layout;
  [[nodiscard]] std::int64_t padded_channels() const {
    return (shape.c + layout.channel_block - 1) / layout.channel_block * layout.channel_block;
  }
  /// Of one image as it lies in memory (padding included).
  [[nodiscard]] std::int64_t image_elements() const { return padded_channels() * shape.h * shape.w; }
  [[nodiscard]] std::uint64_t image_bytes() const {
    return static_cast<std::uint64_t>(image_elements()) * size_of(layout.element);
  }
};

}  // namespace octrain::layers
