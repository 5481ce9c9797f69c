// Convolution. Ops per range: forward(bottom, weight[, bias] -> top);
// mask_gradient(top, top' -> top') behind a folded ReLU; backward_parameters(bottom, top' -> weight'[,
// bias']); backward_data(top', weight -> bottom').
#include "layer_types.h"
#include "octrain/layers/lowering.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

constexpr int kWeight = 0, kBias = 1;

void check_params(const ConvolutionParams& params) {
  if (params.outputs <= 0) throw runtime::UsageError("needs a positive number of outputs");
  if (params.kernel_h <= 0 || params.kernel_w <= 0 || params.stride_h <= 0 || params.stride_w <= 0 ||
      params.dilation_h <= 0 || params.dilation_w <= 0 || params.groups <= 0) {
    throw runtime::UsageError("kernel, stride, dilation and groups must be positive");
  }
  if (params.pad_h < 0 || params.pad_w < 0) throw runtime::UsageError("padding must not be negative");
}

std::int64_t convolved_extent(std::int64_t extent, int kernel, int stride, int pad, int dilation) {
  const std::int64_t span = extent + 2 * pad - (dilation * (kernel - 1) + 1);
  if (span < 0) {
    throw runtime::UsageError("kernel of " + std::to_string(kernel) + " does not fit in " +
                              std::to_string(extent) + " with padding " + std::to_string(pad));
  }
  return span / stride + 1;
}

std::vector<Shape> convolution_top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  if (bottoms.size() != 1 || spec.tops.size() != 1) throw runtime::UsageError("takes one bottom and one top");
  const auto& params = std::get<ConvolutionParams>(spec.params);
  check_params(params);
  const Shape& bottom = bottoms[0];
  if (bottom.c % params.groups != 0 || params.outputs % params.groups != 0) {
    throw runtime::UsageError(std::to_string(params.groups) + " groups do not divide " +
                              std::to_string(bottom.c) + " channels and " + std::to_string(params.outputs) +
                              " outputs");
  }
  return {{bottom.n, params.outputs,
           convolved_extent(bottom.h, params.kernel_h, params.stride_h, params.pad_h, params.dilation_h),
           convolved_extent(bottom.w, params.kernel_w, params.stride_w, params.pad_w, params.dilation_w)}};
}

std::vector<ParameterSpec> convolution_parameters(const LayerSpec& spec, std::span<const Shape> bottoms) {
  const auto& params = std::get<ConvolutionParams>(spec.params);
  std::vector<ParameterSpec> parameters = {
      {"weight",
       {params.outputs, bottoms[0].c / params.groups, params.kernel_h, params.kernel_w},
       params.weight_options}};
  if (params.bias) parameters.push_back({"bias", {params.outputs}, params.bias_options});
  return parameters;
}

double convolution_flops(const LayerSpec& spec, std::span<const Shape> bottoms, std::span<const Shape> tops) {
  const auto& params = std::get<ConvolutionParams>(spec.params);
  const std::int64_t taps = bottoms[0].c / params.groups * params.kernel_h * params.kernel_w;
  return 2 * static_cast<double>(taps) * static_cast<double>(tops[0].elements());
}

double range_flops(const LayerLowering& layer, ImageRange range) {
  return layer.forward_flops() * static_cast<double>(range.count) /
         static_cast<double>(layer.bottom(0).shape.n);
}

void lower_convolution_forward(LayerLowering& layer) {
  const bool bias = layer.params<ConvolutionParams>().bias;
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{.step = Step::forward,
              .range = range,
              .in = {layer.bottom(0, range), layer.parameter(kWeight)},
              .out = {layer.top(0, range)},
              .flops = range_flops(layer, range)};
    if (bias) op.in.push_back(layer.parameter(kBias));
    layer.emit(op);
  }
}

OpSpec parameters_op(LayerLowering& layer, ImageRange range) {
  OpSpec op{.step = Step::backward_parameters,
            .range = range,
            .in = {layer.bottom(0, range), layer.top_gradient(0, range)},
            .out = {layer.parameter_gradient(kWeight)},
            .accumulate = layer.accumulates_parameter_gradient(kWeight),
            .flops = range_flops(layer, range)};
  if (layer.params<ConvolutionParams>().bias) op.out.push_back(layer.parameter_gradient(kBias));
  return op;
}

void lower_convolution_backward(LayerLowering& layer) {
  const bool wants_data = layer.wants_bottom_gradient(0);
  const bool accumulate_data = wants_data && layer.accumulates_bottom_gradient(0);
  for (const ImageRange range : layer.ranges()) {
    const Operand gradient = layer.top_gradient(0, range);
    if (layer.params<ConvolutionParams>().relu) {
      layer.emit({.step = Step::mask_gradient,
                  .range = range,
                  .in = {layer.top(0, range), gradient},
                  .out = {gradient}});
    }
    layer.emit(parameters_op(layer, range));
    if (!wants_data) continue;
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = {gradient, layer.parameter(kWeight)},
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = accumulate_data,
                .flops = range_flops(layer, range)});
  }
}

}  // namespace

const LayerType& convolution_layer_type() {
  static const LayerType type{"Convolution",     convolution_top_shapes,    convolution_parameters,
                              convolution_flops, lower_convolution_forward, lower_convolution_backward};
  return type;
}

}  // namespace octrain::layers
