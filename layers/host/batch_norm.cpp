// Batch normalisation. Every step streams over its operands once; layers/src/batch_norm.cpp lists the steps
// and their operands.
#include <cmath>

#include "channel_sums.h"
#include "kernels.h"

namespace octrain::layers::host {

namespace {

// Per channel, padding included; kept in a schedule's buffer between ops.
struct Moments {
  Moments(float* buffer, std::int64_t channels)
      : mean(reinterpret_cast<double*>(buffer)), squares(mean + channels) {}
  double* mean;
  double* squares;  // sum of squared deviations from the mean
};

struct Sums {
  Sums(const float* buffer, std::int64_t channels)
      : gradient(reinterpret_cast<const double*>(buffer)), projection(gradient + channels) {}
  const double* gradient;    // of top'
  const double* projection;  // of top' (bottom - mean)
};

float normalise(float x, float mean, float scale, float shift) { return (x - mean) * scale + shift; }

class BatchNormKernel final : public Kernel {
 public:
  explicit BatchNormKernel(const KernelRequest& request)
      : Kernel(request),
        params_(std::get<BatchNormParams>(request.spec.params)),
        grid_(request.bottoms[0]),
        layout_(request.bottoms[0].layout),
        batch_(request.bottoms[0].shape.n) {}

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  void run(Step step, const KernelCall& call) const override {
    switch (step) {
      case Step::statistics:
        return statistics(call);
      case Step::finish_statistics:
        return call.training ? finish_training(call) : finish_testing(call);
      case Step::forward:
        return params_.relu ? forward<true>(call) : forward<false>(call);
      case Step::backward_statistics:
        return params_.relu ? backward_statistics<true>(call) : backward_statistics<false>(call);
      case Step::backward_parameters:
        return backward_parameters(call);
      default:
        break;
    }
    if (params_.relu)
      return call.accumulate ? backward_data<true, true>(call) : backward_data<true, false>(call);
    return call.accumulate ? backward_data<false, true>(call) : backward_data<false, false>(call);
  }

 private:
  // What normalise() needs of every channel: `norm` and, if affine, `gamma` and the operand behind it, beta.
  struct Affine {
    const float* mean;
    std::vector<float> scale, shift;
  };
  Affine affine(const KernelCall& call, std::size_t norm, std::size_t gamma) const {
    const float* inv_std = call.input(norm) + grid_.padded_channels();
    Affine result{call.input(norm), padded(grid_, params_.affine ? call.input(gamma) : nullptr, 1),
                  padded(grid_, params_.affine ? call.input(gamma + 1) : nullptr, 0)};
    for (std::size_t c = 0; c < result.scale.size(); ++c) result.scale[c] *= inv_std[c];
    return result;
  }

  // Sums of x - pivot and its square, the pivot a channel's first value, so that a mean far from zero costs
  // no digits.
  void statistics(const KernelCall& call) const {
    const float* x = call.input(0);
    const std::int64_t channels = grid_.padded_channels();
    std::vector<float> pivot(static_cast<std::size_t>(channels));
    for (std::int64_t c = 0; c < channels; ++c) {
      pivot[static_cast<std::size_t>(c)] = x[c / grid_.block * grid_.unit_floats + c % grid_.block];
    }
    std::vector<double> sums(static_cast<std::size_t>(2 * channels));
    sum_channels(grid_, call.images, sums.data(), sums.data() + channels,
                 [&](std::int64_t block, std::int64_t offset, LaneSums& lanes) {
                   const Lanes k = grid_.spread(pivot.data(), block);
                   const float* from = x + offset;
                   sum_lanes(grid_.unit_floats, lanes, [&](std::int64_t e, int l) {
                     const float d = from[e] - k.at[l];
                     return Terms{d, d * d};
                   });
                 });
    merge_moments(call, pivot, sums.data(), sums.data() + channels);
  }

  // Adds a slab's share to the moments of the images before it (Chan, Golub and LeVeque 1979).
  void merge_moments(const KernelCall& call, const std::vector<float>& pivot, const double* sums,
                     const double* square_sums) const {
    const double before = call.accumulate ? static_cast<double>(call.first_image * grid_.pixels) : 0;
    const double added = static_cast<double>(call.images * grid_.pixels);
    const Moments moments(call.output(0), grid_.padded_channels());
    for (std::int64_t c = 0; c < grid_.padded_channels(); ++c) {
      const double shifted = sums[c] / added;
      const double mean = static_cast<double>(pivot[static_cast<std::size_t>(c)]) + shifted;
      const double squares = std::max(0.0, square_sums[c] - added * shifted * shifted);
      const double old_mean = call.accumulate ? moments.mean[c] : mean;
      const double old_squares = call.accumulate ? moments.squares[c] : 0;
      const double delta = mean - old_mean;
      moments.mean[c] = old_mean + delta * added / (before + added);
      moments.squares[c] = old_squares + squares + delta * delta * before * added / (before + added);
    }
  }

  // in: moments, running mean and variance; out: norm, running mean and variance.
  void finish_training(const KernelCall& call) const {
    const std::int64_t channels = grid_.padded_channels();
    const double count = static_cast<double>(batch_ * grid_.pixels);
    const double unbiased = count > 1 ? count - 1 : 1;
    const auto* mean = call.input<double>(0);
    const double* squares = mean + channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      call.output(0)[c] = static_cast<float>(mean[c]);
      call.output(0)[channels + c] =
          static_cast<float>(1 / std::sqrt(squares[c] / count + static_cast<double>(params_.epsilon)));
    }
    const float keep = params_.momentum;
    for (std::int64_t c = 0; c < grid_.channels; ++c) {
      call.output(1)[c] = keep * call.input(1)[c] + (1 - keep) * static_cast<float>(mean[c]);
      call.output(2)[c] = keep * call.input(2)[c] + (1 - keep) * static_cast<float>(squares[c] / unbiased);
    }
  }

  // in: running mean and variance; out: norm.
  void finish_testing(const KernelCall& call) const {
    const std::int64_t channels = grid_.padded_channels();
    std::fill_n(call.output(0), 2 * channels, 0.0f);
    for (std::int64_t c = 0; c < grid_.channels; ++c) {
      call.output(0)[c] = call.input(0)[c];
      call.output(0)[channels + c] = 1 / std::sqrt(call.input(1)[c] + params_.epsilon);
    }
  }

  template <bool kRelu>
  void forward(const KernelCall& call) const {
    const Affine channels = affine(call, 1, 2);
    for_each_unit(grid_, call.images, [&](std::int64_t block, std::int64_t offset) {
      const Lanes mean = grid_.spread(channels.mean, block),
                  scale = grid_.spread(channels.scale.data(), block),
                  shift = grid_.spread(channels.shift.data(), block);
      const float* x = call.input(0) + offset;
      float* y = call.output(0) + offset;
      stream_lanes(grid_.unit_floats, [&](std::int64_t e, int l) {
        const float value = normalise(x[e], mean.at[l], scale.at[l], shift.at[l]);
        y[e] = kRelu && !(value > 0) ? 0 : value;
      });
    });
  }

  template <bool kRelu>
  void backward_statistics(const KernelCall& call) const {
    const std::int64_t channels = grid_.padded_channels();
    const Affine norm = affine(call, 2, 3);
    std::vector<double> sums(static_cast<std::size_t>(2 * channels));
    sum_channels(grid_, call.images, sums.data(), sums.data() + channels,
                 [&](std::int64_t block, std::int64_t offset, LaneSums& lanes) {
                   const Lanes mean = grid_.spread(norm.mean, block),
                               scale = grid_.spread(norm.scale.data(), block),
                               shift = grid_.spread(norm.shift.data(), block);
                   const float *x = call.input(0) + offset, *dy = call.input(1) + offset;
                   sum_lanes(grid_.unit_floats, lanes, [&](std::int64_t e, int l) {
                     const bool off = kRelu && !(normalise(x[e], mean.at[l], scale.at[l], shift.at[l]) > 0);
                     const float gradient = off ? 0 : dy[e];
                     return Terms{gradient, gradient * (x[e] - mean.at[l])};
                   });
                 });
    auto* total = call.output<double>(0);
    for (std::size_t i = 0; i < sums.size(); ++i) total[i] = call.accumulate ? total[i] + sums[i] : sums[i];
  }

  // in: sums, norm; out: gamma', beta'.
  void backward_parameters(const KernelCall& call) const {
    const Sums sums(call.input(0), grid_.padded_channels());
    const float* inv_std = call.input(1) + grid_.padded_channels();
    for (std::int64_t c = 0; c < grid_.channels; ++c) {
      const auto gamma = static_cast<float>(sums.projection[c] * static_cast<double>(inv_std[c]));
      const auto beta = static_cast<float>(sums.gradient[c]);
      call.output(0)[c] = call.accumulate ? call.output(0)[c] + gamma : gamma;
      call.output(1)[c] = call.accumulate ? call.output(1)[c] + beta : beta;
    }
  }

  // bottom' = scale (top' - mean of top' - (bottom - mean) / variance * mean of top' (bottom - mean)).
  template <bool kRelu, bool kAccumulate>
  void backward_data(const KernelCall& call) const {
    const std::int64_t padded_channels = grid_.padded_channels();
    const Affine norm = affine(call, 2, 4);
    const Sums sums(call.input(3), padded_channels);
    const double count = static_cast<double>(batch_ * grid_.pixels);
    std::vector<float> offsets(static_cast<std::size_t>(padded_channels)), slopes(offsets.size());
    for (std::int64_t c = 0; c < padded_channels; ++c) {
      const auto inv_std = static_cast<double>(norm.mean[padded_channels + c]);
      offsets[static_cast<std::size_t>(c)] = static_cast<float>(sums.gradient[c] / count);
      slopes[static_cast<std::size_t>(c)] =
          static_cast<float>(sums.projection[c] / count * inv_std * inv_std);
    }
    for_each_unit(grid_, call.images, [&](std::int64_t block, std::int64_t offset) {
      const Lanes mean = grid_.spread(norm.mean, block), scale = grid_.spread(norm.scale.data(), block),
                  shift = grid_.spread(norm.shift.data(), block),
                  mean_gradient = grid_.spread(offsets.data(), block),
                  slope = grid_.spread(slopes.data(), block);
      const float *x = call.input(0) + offset, *dy = call.input(1) + offset;
      float* dx = call.output(0) + offset;
      stream_lanes(grid_.unit_floats, [&](std::int64_t e, int l) {
        const bool off = kRelu && !(normalise(x[e], mean.at[l], scale.at[l], shift.at[l]) > 0);
        const float gradient = off ? 0 : dy[e];
        const float value =
            scale.at[l] * (gradient - mean_gradient.at[l] - (x[e] - mean.at[l]) * slope.at[l]);
        dx[e] = kAccumulate ? dx[e] + value : value;
      });
    });
  }

  BatchNormParams params_;
  UnitGrid grid_;
  Layout layout_;
  std::int64_t batch_;
};

}  // namespace

std::unique_ptr<Kernel> make_batch_norm_kernel(const KernelRequest& request) {
  return std::make_unique<BatchNormKernel>(request);
}

}  // namespace octrain::layers::host
