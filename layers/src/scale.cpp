// Scale is lowered to, a slab at a time,
//   forward: bottom, gamma, [beta] -> top, on the bottom's bytes if need be
//   backward_parameters: bottom, top', gamma, [beta] -> gamma', [beta']
//   backward_data: bottom, top', gamma, [beta] -> bottom', on the bytes of top' or of the bottom
// A folded ReLU is undone in the backward steps by computing the top's sign again.
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

enum Parameter { kGamma = 0, kBeta = 1 };

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 1);
  if (spec.bottoms == spec.tops)
    throw runtime::UsageError("cannot work in place: its backward pass reads the bottom");
  return {bottoms[0]};
}

std::vector<ParameterSpec> parameters(const LayerSpec& spec, std::span<const Shape> bottoms) {
  const auto& params = std::get<ScaleParams>(spec.params);
  std::vector<ParameterSpec> specs = {{"gamma", {bottoms[0].c}, params.gamma_options, true}};
  if (params.bias) specs.push_back({"beta", {bottoms[0].c}, params.beta_options, true});
  return specs;
}

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return 2.0 * static_cast<double>(bottoms[0].elements());
}

std::vector<Operand> with_parameters(LayerLowering& layer, std::vector<Operand> operands) {
  operands.push_back(layer.parameter(kGamma));
  if (layer.params<ScaleParams>().bias) operands.push_back(layer.parameter(kBeta));
  return operands;
}

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::forward,
                .range = range,
                .in = with_parameters(layer, {layer.bottom(0, range)}),
                .out = {layer.top(0, range)},
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

void lower_backward(LayerLowering& layer) {
  std::vector<Operand> gradients = {layer.parameter_gradient(kGamma)};
  if (layer.params<ScaleParams>().bias) gradients.push_back(layer.parameter_gradient(kBeta));
  for (const ImageRange range : layer.ranges()) {
    const auto in = with_parameters(layer, {layer.bottom(0, range), layer.top_gradient(0, range)});
    layer.emit(
        {Step::backward_parameters, range, in, gradients, layer.accumulates_parameter_gradient(kGamma)});
    if (!layer.wants_bottom_gradient(0)) continue;
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = in,
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = layer.accumulates_bottom_gradient(0),
                .overwrites = {{.in = 1, .out = 0}, {.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& scale_layer_type() {
  static constexpr LayerType kType{"Scale", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
