// Scale: a factor and an offset a channel. layers/src/scale.cpp lists the steps and their operands.
#include "channel_sums.h"
#include "kernels.h"

namespace octrain::layers::host {

namespace {

class ScaleKernel final : public Kernel {
 public:
  explicit ScaleKernel(const KernelRequest& request)
      : Kernel(request),
        params_(std::get<ScaleParams>(request.spec.params)),
        grid_(request.bottoms[0]),
        layout_(request.bottoms[0].layout) {}

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::forward) return forward(call);
    if (step == Step::backward_parameters) return backward_parameters(call);
    return backward_data(call);
  }

 private:
  // Gamma and beta, padded, from operand `at` on.
  struct Affine {
    std::vector<float> gamma, beta;
  };
  Affine affine(const KernelCall& call, std::size_t at) const {
    return {padded(grid_, call.input(at), 1), padded(grid_, params_.bias ? call.input(at + 1) : nullptr, 0)};
  }

  void forward(const KernelCall& call) const {
    const Affine channels = affine(call, 1);
    for_each_unit(grid_, call.images, [&](std::int64_t block, std::int64_t offset) {
      const Lanes gamma = grid_.spread(channels.gamma.data(), block),
                  beta = grid_.spread(channels.beta.data(), block);
      const float* x = call.input(0) + offset;
      float* y = call.output(0) + offset;
      stream_lanes(grid_.unit_floats, [&](std::int64_t e, int l) {
        const float value = x[e] * gamma.at[l] + beta.at[l];
        y[e] = params_.relu && !(value > 0) ? 0 : value;
      });
    });
  }

  // The top's gradient before a folded ReLU.
  float gradient(float x, float dy, float gamma, float beta) const {
    return params_.relu && !(x * gamma + beta > 0) ? 0 : dy;
  }

  void backward_parameters(const KernelCall& call) const {
    const Affine channels = affine(call, 2);
    std::vector<double> products(static_cast<std::size_t>(grid_.padded_channels())), sums(products.size());
    sum_channels(grid_, call.images, products.data(), sums.data(),
                 [&](std::int64_t block, std::int64_t offset, LaneSums& lanes) {
                   const Lanes gamma = grid_.spread(channels.gamma.data(), block),
                               beta = grid_.spread(channels.beta.data(), block);
                   const float *x = call.input(0) + offset, *dy = call.input(1) + offset;
                   sum_lanes(grid_.unit_floats, lanes, [&](std::int64_t e, int l) {
                     const float g = gradient(x[e], dy[e], gamma.at[l], beta.at[l]);
                     return Terms{g * x[e], g};
                   });
                 });
    for (std::size_t c = 0; c < static_cast<std::size_t>(grid_.channels); ++c) {
      call.output(0)[c] = (call.accumulate ? call.output(0)[c] : 0) + static_cast<float>(products[c]);
      if (params_.bias)
        call.output(1)[c] = (call.accumulate ? call.output(1)[c] : 0) + static_cast<float>(sums[c]);
    }
  }

  void backward_data(const KernelCall& call) const {
    const Affine channels = affine(call, 2);
    for_each_unit(grid_, call.images, [&](std::int64_t block, std::int64_t offset) {
      const Lanes gamma = grid_.spread(channels.gamma.data(), block),
                  beta = grid_.spread(channels.beta.data(), block);
      const float *x = call.input(0) + offset, *dy = call.input(1) + offset;
      float* dx = call.output(0) + offset;
      stream_lanes(grid_.unit_floats, [&](std::int64_t e, int l) {
        const float value = gamma.at[l] * gradient(x[e], dy[e], gamma.at[l], beta.at[l]);
        dx[e] = call.accumulate ? dx[e] + value : value;
      });
    });
  }

  ScaleParams params_;
  UnitGrid grid_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<Kernel> make_scale_kernel(const KernelRequest& request) {
  return std::make_unique<ScaleKernel>(request);
}

}  // namespace octrain::layers::host
