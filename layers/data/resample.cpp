#include "resample.h"

#include <algorithm>
#include <cmath>

namespace octrain::layers {

Axis make_axis(int in, double offset, double extent, int out) {
  Axis axis;
  axis.taps.reserve(static_cast<std::size_t>(out));
  for (int i = 0; i < out; ++i) {
    const double position = std::clamp(offset + (i + 0.5) * extent / out - 0.5, 0.0, in - 1.0);
    const int low = static_cast<int>(position);
    axis.taps.push_back({low, std::min(low + 1, in - 1), static_cast<float>(position - low)});
  }
  return axis;
}

void Resampler::run(const std::uint8_t* plane, int width, const AxisRun& rows, const AxisRun& columns,
                    float mean, float scale, float* to) {
  for (StretchedRow& row : rows_) row.index = -1;
  const Axis::Tap* taps = rows.axis->taps.data() + rows.first;
  for (int y = 0; y < rows.count; ++y, to += columns.count) {
    const Axis::Tap& tap = taps[y];
    // Neighbouring rows differ in parity, so that each of the two in use has a slot of its own.
    const float* low = stretched(plane, width, tap.low, columns, mean, scale, tap.low % 2);
    if (tap.weight == 0) {
      std::copy_n(low, columns.count, to);
      continue;
    }
    const float* high = stretched(plane, width, tap.high, columns, mean, scale, tap.high % 2);
    for (int x = 0; x < columns.count; ++x) to[x] = low[x] + tap.weight * (high[x] - low[x]);
  }
}

const float* Resampler::stretched(const std::uint8_t* plane, int width, int row, const AxisRun& columns,
                                  float mean, float scale, int slot) {
  StretchedRow& buffer = rows_[slot];
  if (buffer.index == row) return buffer.values.data();
  buffer.index = row;
  buffer.values.resize(static_cast<std::size_t>(columns.count));
  const std::uint8_t* pixels = plane + static_cast<std::ptrdiff_t>(row) * width;
  const Axis::Tap* tap = columns.axis->taps.data() + columns.first;
  float* value = columns.reversed ? buffer.values.data() + columns.count - 1 : buffer.values.data();
  const int step = columns.reversed ? -1 : 1;
  for (int x = 0; x < columns.count; ++x, ++tap, value += step) {
    const float low = pixels[tap->low], high = pixels[tap->high];
    *value = (low + tap->weight * (high - low) - mean) * scale;
  }
  return buffer.values.data();
}

}  // namespace octrain::layers
