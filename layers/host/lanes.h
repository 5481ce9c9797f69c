// Per-channel constants and sums for kernels that stream over a blob, the same code for every layout. The
// floats of one (image, channel block) are a contiguous unit, [h][w][channel_block]; float e of it belongs to
// channel e % channel_block of the block. Kernels work on kLanes floats at a time; channel_block divides
// kLanes, so lane l is always channel l % channel_block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "octrain/layers/blob.h"
#include "parallel.h"

namespace octrain::layers::host {

inline constexpr int kLanes = 32;  // four AVX registers: enough chains to hide the latency of an addition

/// One value a lane.
struct alignas(64) Lanes {
  float at[kLanes];
};

/// Copies one channel block; the usual lengths are known to the compiler, as this is done for every unit.
inline void copy_block(const float* from, std::int64_t block, float* to) {
  if (block == 16) {
    std::copy_n(from, 16, to);
  } else if (block == 8) {
    std::copy_n(from, 8, to);
  } else {
    std::copy_n(from, block, to);
  }
}

/// Where the units of a blob lie.
struct UnitGrid {
  explicit UnitGrid(const BlobDesc& blob)
      : channels(blob.shape.c),
        pixels(blob.shape.h * blob.shape.w),
        block(blob.layout.channel_block),
        blocks(blob.padded_channels() / block),
        unit_floats(pixels * block) {}

  [[nodiscard]] std::int64_t padded_channels() const { return blocks * block; }
  [[nodiscard]] std::int64_t image_floats() const { return blocks * unit_floats; }

  /// The values of a block's channels, out of one value a channel (padding channels included).
  [[nodiscard]] Lanes spread(const float* per_channel, std::int64_t channel_block) const {
    Lanes lanes;
    const float* from = per_channel + channel_block * block;
    for (std::int64_t lane = 0; lane < kLanes; lane += block) copy_block(from, block, lanes.at + lane);
    return lanes;
  }

  std::int64_t channels, pixels, block, blocks, unit_floats;
};

/// A parameter's values with zeros for the padding channels; `fallback` for all where there is no parameter.
[[nodiscard]] inline std::vector<float> padded(const UnitGrid& grid, const float* per_channel,
                                               float fallback) {
  std::vector<float> values(static_cast<std::size_t>(grid.padded_channels()),
                            per_channel == nullptr ? fallback : 0.0f);
  if (per_channel != nullptr) std::copy_n(per_channel, grid.channels, values.begin());
  return values;
}

/// each(e, lane) for every float of a unit; its calls must be independent of each other.
template <class Each>
void stream_lanes(std::int64_t count, const Each& each) {
  std::int64_t e = 0;
  for (; e + kLanes <= count; e += kLanes) {
#pragma omp simd
    for (int l = 0; l < kLanes; ++l) each(e + l, l);
  }
  for (int l = 0; l < count - e; ++l) each(e + l, l);
}

/// fn(block, offset of the unit) for every unit of `images` images.
template <class Function>
void for_each_unit(const UnitGrid& grid, std::int64_t images, const Function& fn) {
  parallel_for(images * grid.blocks,
               [&](std::int64_t unit) { fn(unit % grid.blocks, unit * grid.unit_floats); });
}

}  // namespace octrain::layers::host
