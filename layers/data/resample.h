// Bilinear resampling of one plane of 8-bit pixels.
#pragma once

#include <cstdint>
#include <vector>

namespace octrain::layers {

/// Where output positions of one axis fall in the input: between `low` and the position after it (the edge
/// repeats).
struct Axis {
  struct Tap {
    int low = 0, high = 0;
    float weight = 0;  ///< of `high`
  };
  std::vector<Tap> taps;
};
/// `out` positions over the part [offset, offset + extent) of `in` input positions; centres on centres.
[[nodiscard]] Axis make_axis(int in, double offset, double extent, int out);

/// A run of an axis' output positions, backwards when `reversed`.
struct AxisRun {
  const Axis* axis = nullptr;
  int first = 0, count = 0;
  bool reversed = false;
};

/// Keeps its row buffers from call to call.
class Resampler {
 public:
  /// to[y][x] = (value - mean) * scale; `plane` has rows of `width` pixels.
  void run(const std::uint8_t* plane, int width, const AxisRun& rows, const AxisRun& columns, float mean,
           float scale, float* to);

 private:
  /// Each input row is stretched once, then output rows are blends of two.
  struct StretchedRow {
    int index = -1;
    std::vector<float> values;
  };
  const float* stretched(const std::uint8_t* plane, int width, int row, const AxisRun& columns, float mean,
                         float scale, int slot);
  StretchedRow rows_[2];
};

}  // namespace octrain::layers
