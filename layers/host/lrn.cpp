// Local response normalisation. Both regions are sums over shifted copies of a run of floats: along the
// channels of a pixel (a few pixels at a time, gathered so that their channels lie side by side), or along
// the rows and then the columns of one channel block's plane.
#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "lanes.h"

namespace octrain::layers::host {

namespace {

// Pixels gathered at a time: their floats fill whole cache lines of every channel block.
constexpr std::int64_t kTilePixels = 8;

// to[e] += from[e + shift], where there is one.
void add_shifted(const float* from, float* to, std::int64_t count, std::int64_t shift) {
  const std::int64_t begin = std::max<std::int64_t>(0, -shift),
                     end = count - std::max<std::int64_t>(0, shift);
#pragma omp simd
  for (std::int64_t e = begin; e < end; ++e) to[e] += from[e + shift];
}

// to[e] = base[e]^-power; 0.75, the usual one, by square roots.
void negative_power(const float* base, float* to, std::int64_t count, float power) {
  if (power == 0.75f) {
#pragma omp simd
    for (std::int64_t e = 0; e < count; ++e) {
      const float root = std::sqrt(base[e]);
      to[e] = 1 / (root * std::sqrt(root));
    }
  } else {
    for (std::int64_t e = 0; e < count; ++e) to[e] = std::pow(base[e], -power);
  }
}

// What one thread works with: runs of floats that one window sum goes over.
struct Scratch {
  explicit Scratch(std::int64_t floats)
      : x(static_cast<std::size_t>(floats)),
        dy(x.size()),
        products(x.size()),
        rows(x.size()),
        sums(x.size()),
        powers(x.size()),
        result(x.size()) {}
  std::vector<float> x, dy, products, rows, sums, powers, result;
};

class LrnKernel final : public Kernel {
 public:
  explicit LrnKernel(const KernelRequest& request)
      : Kernel(request),
        params_(std::get<LrnParams>(request.spec.params)),
        grid_(request.bottoms[0]),
        layout_(request.bottoms[0].layout),
        across_(params_.region == LrnParams::Region::across_channels),
        row_floats_(across_ ? grid_.padded_channels() : request.bottoms[0].shape.w * grid_.block),
        factor_(params_.alpha /
                static_cast<float>(across_ ? params_.local_size : params_.local_size * params_.local_size)) {}

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  void run(Step step, const KernelCall& call) const override {
    const bool backward = step == Step::backward_data;
    const std::int64_t tiles = (grid_.pixels + kTilePixels - 1) / kTilePixels;
    parallel_ranges(call.images * (across_ ? tiles : grid_.blocks), 1,
                    [&](std::int64_t begin, std::int64_t end) {
                      Scratch scratch(across_ ? kTilePixels * row_floats_ : grid_.unit_floats);
                      for (std::int64_t i = begin; i < end; ++i) {
                        if (across_) {
                          across_tile(call, backward, i / tiles, i % tiles * kTilePixels, scratch);
                        } else {
                          within_unit(call, backward, i, scratch);
                        }
                      }
                    });
  }

 private:
  void across_tile(const KernelCall& call, bool backward, std::int64_t image, std::int64_t pixel,
                   Scratch& scratch) const {
    const std::int64_t at = image * grid_.image_floats() + pixel * grid_.block;
    const std::int64_t pixels = std::min(kTilePixels, grid_.pixels - pixel);
    gather(call.input(0) + at, pixels, scratch.x.data());
    if (backward) gather(call.input(1) + at, pixels, scratch.dy.data());
    compute(scratch.x.data(), backward ? scratch.dy.data() : nullptr, pixels * row_floats_, scratch,
            scratch.result.data());
    scatter(scratch.result.data(), pixels, call.accumulate, call.output(0) + at);
  }

  void within_unit(const KernelCall& call, bool backward, std::int64_t unit, Scratch& scratch) const {
    const std::int64_t at = unit * grid_.unit_floats, floats = grid_.unit_floats;
    const float* dy = backward ? call.input(1) + at : nullptr;
    float* to = call.output(0) + at;
    if (!call.accumulate) return compute(call.input(0) + at, dy, floats, scratch, to);
    compute(call.input(0) + at, dy, floats, scratch, scratch.result.data());
#pragma omp simd
    for (std::int64_t e = 0; e < floats; ++e) to[e] += scratch.result[static_cast<std::size_t>(e)];
  }

  // Blocks of `pixels` neighbouring pixels -> rows of channels.
  void gather(const float* from, std::int64_t pixels, float* rows) const {
    for (std::int64_t b = 0; b < grid_.blocks; ++b) {
      for (std::int64_t p = 0; p < pixels; ++p) {
        copy_block(from + b * grid_.unit_floats + p * grid_.block, grid_.block,
                   rows + p * row_floats_ + b * grid_.block);
      }
    }
  }

  void scatter(const float* rows, std::int64_t pixels, bool accumulate, float* to) const {
    for (std::int64_t b = 0; b < grid_.blocks; ++b) {
      for (std::int64_t p = 0; p < pixels; ++p) {
        const float* from = rows + p * row_floats_ + b * grid_.block;
        float* target = to + b * grid_.unit_floats + p * grid_.block;
        if (accumulate) {
          for (std::int64_t c = 0; c < grid_.block; ++c) target[c] += from[c];
        } else {
          copy_block(from, grid_.block, target);
        }
      }
    }
  }

  // Without dy: result = x s^-beta, s = k + factor * window sum of x^2. With it, the gradient
  // result = dy s^-beta - 2 beta factor x * window sum of (dy x s^-beta / s).
  void compute(const float* x, const float* dy, std::int64_t count, Scratch& scratch, float* result) const {
    float *products = scratch.products.data(), *sums = scratch.sums.data(), *powers = scratch.powers.data();
#pragma omp simd
    for (std::int64_t e = 0; e < count; ++e) products[e] = x[e] * x[e];
    sum_window(products, scratch.rows.data(), sums, count);
#pragma omp simd
    for (std::int64_t e = 0; e < count; ++e) sums[e] = params_.k + factor_ * sums[e];
    negative_power(sums, powers, count, params_.beta);
    if (dy == nullptr) {
#pragma omp simd
      for (std::int64_t e = 0; e < count; ++e) result[e] = x[e] * powers[e];
      return;
    }
#pragma omp simd
    for (std::int64_t e = 0; e < count; ++e) products[e] = dy[e] * x[e] * powers[e] / sums[e];
    sum_window(products, scratch.rows.data(), sums, count);
    const float slope = 2 * params_.beta * factor_;
#pragma omp simd
    for (std::int64_t e = 0; e < count; ++e) result[e] = dy[e] * powers[e] - slope * x[e] * sums[e];
  }

  // `count` floats are rows of channels, or a plane's rows.
  void sum_window(const float* from, float* rows, float* sums, std::int64_t count) const {
    const int half = params_.local_size / 2;
    float* along_rows = across_ ? sums : rows;
    std::fill_n(along_rows, count, 0.0f);
    const std::int64_t step = across_ ? 1 : grid_.block;
    for (std::int64_t row = 0; row < count; row += row_floats_) {
      for (int d = -half; d <= half; ++d) add_shifted(from + row, along_rows + row, row_floats_, d * step);
    }
    if (across_) return;
    std::fill_n(sums, count, 0.0f);
    for (int d = -half; d <= half; ++d) add_shifted(rows, sums, count, d * row_floats_);
  }

  LrnParams params_;
  UnitGrid grid_;
  Layout layout_;
  bool across_;
  std::int64_t row_floats_;  // of one pixel's channels, or of one row of a channel block's plane
  float factor_;
};

}  // namespace

std::unique_ptr<Kernel> make_lrn_kernel(const KernelRequest& request) {
  return std::make_unique<LrnKernel>(request);
}

}  // namespace octrain::layers::host
