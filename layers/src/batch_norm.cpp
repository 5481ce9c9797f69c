// Batch normalisation is lowered to
//   training:  statistics (a slab at a time): bottom -> moments
//              finish_statistics: moments, running mean and variance -> norm, running mean and variance
//   testing:   finish_statistics: running mean and variance -> norm
//   forward (a slab at a time): bottom, norm, [gamma, beta] -> top, on the bottom's bytes if need be
//   backward_statistics (a slab at a time): bottom, top', norm, [gamma, beta] -> sums
//   backward_parameters: sums, norm -> gamma', beta'
//   backward_data (a slab at a time): bottom, top', norm, sums, [gamma, beta] -> bottom', on the bytes of
//   top' or of the bottom
// A folded ReLU is undone in the backward steps by computing the top's sign again, so that the top is never
// read. Small buffers, per channel (padding channels included): moments: double mean, double sum of squared
// deviations; norm: float mean, float 1 / sqrt(variance + epsilon); sums: double sum of top', double sum of
// top' (bottom - mean).
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

enum Parameter { kGamma = 0, kBeta = 1 };

std::vector<Shape> top_shapes(const LayerSpec&, std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 1);
  return {bottoms[0]};
}

std::vector<ParameterSpec> parameters(const LayerSpec& spec, std::span<const Shape> bottoms) {
  const auto& params = std::get<BatchNormParams>(spec.params);
  const std::vector<std::int64_t> dims = {bottoms[0].c};
  std::vector<ParameterSpec> specs;
  if (params.affine) {
    specs.push_back({"gamma", dims, params.gamma_options, true});
    specs.push_back({"beta", dims, params.beta_options, true});
  }
  specs.push_back({"mean", dims, {}, false});
  specs.push_back({"variance", dims, {1, 1, {.value = 1}}, false});
  return specs;
}

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return 7.0 * static_cast<double>(bottoms[0].elements());
}

// The layer's buffers and parameters as operands.
class BatchNormOperands {
 public:
  explicit BatchNormOperands(LayerLowering& layer)
      : layer_(layer),
        affine_(layer.params<BatchNormParams>().affine),
        channels_(static_cast<std::uint64_t>(layer.bottom(0).padded_channels())) {}

  [[nodiscard]] bool affine() const { return affine_; }
  [[nodiscard]] Operand moments() const { return layer_.buffer(0, channels_ * 2 * sizeof(double)); }
  [[nodiscard]] Operand norm() const { return layer_.buffer(1, channels_ * 2 * sizeof(float)); }
  [[nodiscard]] Operand sums() const { return layer_.buffer(2, channels_ * 2 * sizeof(double)); }
  [[nodiscard]] Operand running_mean() const { return layer_.parameter(affine_ ? 2 : 0); }
  [[nodiscard]] Operand running_variance() const { return layer_.parameter(affine_ ? 3 : 1); }
  /// `operands` with gamma and beta behind them, where the layer has them.
  [[nodiscard]] std::vector<Operand> with_affine(std::vector<Operand> operands) const {
    if (affine_) operands.insert(operands.end(), {layer_.parameter(kGamma), layer_.parameter(kBeta)});
    return operands;
  }

 private:
  LayerLowering& layer_;
  bool affine_;
  std::uint64_t channels_;
};

void lower_forward(LayerLowering& layer) {
  const BatchNormOperands operands(layer);
  const ImageRange batch{0, layer.bottom(0).shape.n};
  OpSpec finish{Step::finish_statistics,
                batch,
                {operands.running_mean(), operands.running_variance()},
                {operands.norm()}};
  if (layer.training()) {
    for (const ImageRange range : layer.ranges()) {
      layer.emit({Step::statistics, range, {layer.bottom(0, range)}, {operands.moments()}, range.first > 0});
    }
    finish.out.insert(finish.out.end(), finish.in.begin(), finish.in.end());
    finish.in.insert(finish.in.begin(), operands.moments());
  }
  layer.emit(finish);
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::forward,
                .range = range,
                .in = operands.with_affine({layer.bottom(0, range), operands.norm()}),
                .out = {layer.top(0, range)},
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

void lower_backward(LayerLowering& layer) {
  const BatchNormOperands operands(layer);
  for (const ImageRange range : layer.ranges()) {
    layer.emit({Step::backward_statistics,
                range,
                operands.with_affine({layer.bottom(0, range), layer.top_gradient(0, range), operands.norm()}),
                {operands.sums()},
                range.first > 0});
  }
  if (operands.affine()) {
    layer.emit({Step::backward_parameters,
                {0, layer.bottom(0).shape.n},
                {operands.sums(), operands.norm()},
                {layer.parameter_gradient(kGamma), layer.parameter_gradient(kBeta)},
                layer.accumulates_parameter_gradient(kGamma)});
  }
  if (!layer.wants_bottom_gradient(0)) return;
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = operands.with_affine(
                    {layer.bottom(0, range), layer.top_gradient(0, range), operands.norm(), operands.sums()}),
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = layer.accumulates_bottom_gradient(0),
                .overwrites = {{.in = 1, .out = 0}, {.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& batch_norm_layer_type() {
  static constexpr LayerType kType{"BatchNorm", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
