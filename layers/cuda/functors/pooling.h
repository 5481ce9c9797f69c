// Pooling. Forward goes over the elements of the top, backward over those of the bottom: each gathers from
// the windows that it lies in, in their order.
#pragma once

#include <cstdint>

#include "divider.h"
#include "element.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Windows along one axis.
struct PoolingAxis {
  int extent, windows;  ///< of the bottom, of the top
  int kernel, stride, pad;

  OCTRAIN_HOST_DEVICE int start(int window) const {
    return window * stride - pad;
  }  ///< in the padding perhaps
  OCTRAIN_HOST_DEVICE int first(int window) const { return start(window) > 0 ? start(window) : 0; }
  OCTRAIN_HOST_DEVICE int last(int window) const {
    const int end = start(window) + kernel;
    return (end < extent ? end : extent) - 1;
  }
  /// The window's extent inside the padded image.
  OCTRAIN_HOST_DEVICE int padded(int window) const {
    const int end = start(window) + kernel;
    return (end < extent + pad ? end : extent + pad) - start(window);
  }
  /// The windows that `at` lies in.
  OCTRAIN_HOST_DEVICE int first_window(int at) const {
    return at + pad < kernel ? 0 : (at + pad - kernel) / stride + 1;
  }
  OCTRAIN_HOST_DEVICE int last_window(int at) const {
    const int window = (at + pad) / stride;
    return window < windows ? window : windows - 1;
  }
};

struct PoolingGrid {
  PoolingAxis rows, columns;
};

/// An element's plane (an image's channel), row and column.
class PlaneOf {
 public:
  struct Place {
    std::int64_t plane;
    int row, column;
  };
  PlaneOf(int rows, int columns) : pixels_(std::int64_t{rows} * columns), columns_(columns) {}
  OCTRAIN_HOST_DEVICE Place operator()(std::int64_t i) const {
    const Divider::Split in_plane = pixels_.split(i), in_row = columns_.split(in_plane.remainder);
    return {in_plane.quotient, static_cast<int>(in_row.quotient), static_cast<int>(in_row.remainder)};
  }

 private:
  Divider pixels_, columns_;
};

/// visit(row, column) in the bottom, of all that lies in a window, row by row.
template <class Visit>
OCTRAIN_HOST_DEVICE inline void for_each_in_window(const PoolingGrid& grid, const PlaneOf::Place& window,
                                                   const Visit& visit) {
  for (int row = grid.rows.first(window.row); row <= grid.rows.last(window.row); ++row) {
    for (int column = grid.columns.first(window.column); column <= grid.columns.last(window.column); ++column)
      visit(row, column);
  }
}

/// visit(row, column) in the top, of each window that a place of the bottom lies in.
template <class Visit>
OCTRAIN_HOST_DEVICE inline void for_each_window_of(const PoolingGrid& grid, const PlaneOf::Place& at,
                                                   const Visit& visit) {
  for (int row = grid.rows.first_window(at.row); row <= grid.rows.last_window(at.row); ++row) {
    for (int column = grid.columns.first_window(at.column); column <= grid.columns.last_window(at.column);
         ++column)
      visit(row, column);
  }
}

/// Saves for each element of the top which of the window's (padding included) was the largest, the first of
/// equals. What is not a number counts as largest, so that it is seen in the loss.
template <class T, class Position>
struct MaximumForward {
  static constexpr const char* kName = "maximum pooling";
  PoolingGrid grid;
  PlaneOf top_place;
  const T* bottom;
  T* top;
  Position* saved;  ///< or null

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const PoolingAxis &rows = grid.rows, &columns = grid.columns;
    const PlaneOf::Place at = top_place(i);
    const T* plane = bottom + at.plane * rows.extent * columns.extent;
    int best_row = rows.first(at.row), best_column = columns.first(at.column);
    float best = plane[std::int64_t{best_row} * columns.extent + best_column];
    for_each_in_window(grid, at, [&](int row, int column) {
      const float value = plane[std::int64_t{row} * columns.extent + column];
      if (!(value > best) && !(value != value && best == best)) return;
      best = value;
      best_row = row;
      best_column = column;
    });
    put(top[i], best);
    if (saved == nullptr) return;
    saved[i] = static_cast<Position>((best_row - rows.start(at.row)) * columns.kernel + best_column -
                                     columns.start(at.column));
  }
};

template <class T, class Position>
struct MaximumBackward {
  static constexpr const char* kName = "maximum pooling, backward";
  PoolingGrid grid;
  PlaneOf bottom_place;
  const T* top_gradient;
  const Position* saved;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const PoolingAxis &rows = grid.rows, &columns = grid.columns;
    const PlaneOf::Place at = bottom_place(i);
    const std::int64_t plane = at.plane * rows.windows * columns.windows;
    float sum = accumulate ? static_cast<float>(bottom_gradient[i]) : 0.0f;
    for_each_window_of(grid, at, [&](int y, int x) {
      const std::int64_t window = plane + std::int64_t{y} * columns.windows + x;
      const int position = (at.row - rows.start(y)) * columns.kernel + at.column - columns.start(x);
      if (static_cast<int>(saved[window]) == position) sum += static_cast<float>(top_gradient[window]);
    });
    put(bottom_gradient[i], sum);
  }
};

template <class T>
struct AverageForward {
  static constexpr const char* kName = "average pooling";
  PoolingGrid grid;
  PlaneOf top_place;
  const T* bottom;
  T* top;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const PoolingAxis &rows = grid.rows, &columns = grid.columns;
    const PlaneOf::Place at = top_place(i);
    const T* plane = bottom + at.plane * rows.extent * columns.extent;
    float sum = 0;
    for_each_in_window(grid, at, [&](int row, int column) {
      sum += static_cast<float>(plane[std::int64_t{row} * columns.extent + column]);
    });
    const float area =
        static_cast<float>(rows.padded(at.row)) * static_cast<float>(columns.padded(at.column));
    put(top[i], sum * (1 / area));
  }
};

template <class T>
struct AverageBackward {
  static constexpr const char* kName = "average pooling, backward";
  PoolingGrid grid;
  PlaneOf bottom_place;
  const T* top_gradient;
  T* bottom_gradient;
  bool accumulate;

  OCTRAIN_HOST_DEVICE void operator()(std::int64_t i) const {
    const PoolingAxis &rows = grid.rows, &columns = grid.columns;
    const PlaneOf::Place at = bottom_place(i);
    const std::int64_t plane = at.plane * rows.windows * columns.windows;
    float sum = accumulate ? static_cast<float>(bottom_gradient[i]) : 0.0f;
    for_each_window_of(grid, at, [&](int y, int x) {
      const float area = static_cast<float>(rows.padded(y)) * static_cast<float>(columns.padded(x));
      const float gradient = top_gradient[plane + std::int64_t{y} * columns.windows + x];
      sum += gradient * (1 / area);
    });
    put(bottom_gradient[i], sum);
  }
};

}  // namespace octrain::layers::cuda
