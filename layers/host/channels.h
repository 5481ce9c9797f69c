// Copies of channels between images of different layouts, for operands that do not line up. Correct, not
// fast.
#pragma once

#include "lanes.h"

namespace octrain::layers::host {

/// An image's channels from `first` on.
template <class Float>
struct ChannelRun {
  const UnitGrid& grid;
  Float* image;
  std::int64_t first = 0;
  [[nodiscard]] Float* channel(std::int64_t c) const {
    return image + (first + c) / grid.block * grid.unit_floats + (first + c) % grid.block;
  }
};

/// to (+)= from, `count` channels.
inline void copy_channels(const ChannelRun<const float>& from, const ChannelRun<float>& to,
                          std::int64_t count, bool accumulate) {
  for (std::int64_t c = 0; c < count; ++c) {
    const float* source = from.channel(c);
    float* target = to.channel(c);
    for (std::int64_t p = 0; p < from.grid.pixels; ++p) {
      float& value = target[p * to.grid.block];
      value = accumulate ? value + source[p * from.grid.block] : source[p * from.grid.block];
    }
  }
}

inline void zero_padding_channels(const UnitGrid& grid, float* image) {
  const ChannelRun<float> padding{grid, image, grid.channels};
  for (std::int64_t c = 0; c < grid.padded_channels() - grid.channels; ++c) {
    for (std::int64_t p = 0; p < grid.pixels; ++p) padding.channel(c)[p * grid.block] = 0;
  }
}

}  // namespace octrain::layers::host
