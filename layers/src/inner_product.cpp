// Inner product; the weight in chunks of whole output rows. Ops per chunk and range:
// forward(bottom, weight chunk[, bias] -> top), each chunk writing its own columns of the top;
// mask_gradient(top, top' -> top') per range behind a folded ReLU;
// backward_parameters(bottom, top' -> weight chunk'[, bias' by chunk 0, whole]);
// backward_data(top', weight chunk -> bottom'), chunks added up in order.
// Chunks come before ranges: a weight is brought in once, and the activations are the smaller part.
#include "layer_types.h"
#include "octrain/layers/lowering.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

constexpr int kWeight = 0, kBias = 1;

std::vector<Shape> inner_product_top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  if (bottoms.size() != 1 || spec.tops.size() != 1) throw runtime::UsageError("takes one bottom and one top");
  const int outputs = std::get<InnerProductParams>(spec.params).outputs;
  if (outputs <= 0) throw runtime::UsageError("needs a positive number of outputs");
  return {{bottoms[0].n, outputs, 1, 1}};
}

std::vector<ParameterSpec> inner_product_parameters(const LayerSpec& spec, std::span<const Shape> bottoms) {
  const auto& params = std::get<InnerProductParams>(spec.params);
  std::vector<ParameterSpec> parameters = {
      {"weight", {params.outputs, bottoms[0].image_elements()}, params.weight_options}};
  if (params.bias) parameters.push_back({"bias", {params.outputs}, params.bias_options});
  return parameters;
}

double inner_product_flops(const LayerSpec& spec, std::span<const Shape> bottoms, std::span<const Shape>) {
  return 2.0 * static_cast<double>(bottoms[0].elements()) * std::get<InnerProductParams>(spec.params).outputs;
}

double op_flops(const LayerLowering& layer, ImageRange range) {
  const double share = static_cast<double>(range.count) / static_cast<double>(layer.bottom(0).shape.n);
  return layer.forward_flops() * share / layer.chunk_count(kWeight);
}

void lower_inner_product_forward(LayerLowering& layer) {
  for (int chunk = 0; chunk < layer.chunk_count(kWeight); ++chunk) {
    for (const ImageRange range : layer.ranges()) {
      const Operand top = layer.top(0, range);
      OpSpec op{.step = Step::forward,
                .range = range,
                .in = {layer.bottom(0, range), layer.parameter(kWeight, chunk)},
                .out = {top},
                .chunk = chunk,
                .flops = op_flops(layer, range)};
      if (layer.params<InnerProductParams>().bias) op.in.push_back(layer.parameter(kBias));
      if (chunk > 0) op.in.push_back(top);  // the columns of earlier chunks stay
      layer.emit(op);
    }
  }
}

void lower_chunk_parameters(LayerLowering& layer, int chunk) {
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{.step = Step::backward_parameters,
              .range = range,
              .in = {layer.bottom(0, range), layer.top_gradient(0, range)},
              .out = {layer.parameter_gradient(kWeight, chunk)},
              .accumulate = layer.accumulates_parameter_gradient(kWeight, chunk),
              .chunk = chunk,
              .flops = op_flops(layer, range)};
    if (chunk == 0 && layer.params<InnerProductParams>().bias)
      op.out.push_back(layer.parameter_gradient(kBias));
    layer.emit(op);
  }
}

void lower_inner_product_backward(LayerLowering& layer) {
  if (layer.params<InnerProductParams>().relu) {
    for (const ImageRange range : layer.ranges()) {
      const Operand gradient = layer.top_gradient(0, range);
      layer.emit({.step = Step::mask_gradient,
                  .range = range,
                  .in = {layer.top(0, range), gradient},
                  .out = {gradient}});
    }
  }
  const bool wants_data = layer.wants_bottom_gradient(0);
  const bool accumulate_data = wants_data && layer.accumulates_bottom_gradient(0);
  for (int chunk = 0; chunk < layer.chunk_count(kWeight); ++chunk) {
    lower_chunk_parameters(layer, chunk);
    if (!wants_data) continue;
    for (const ImageRange range : layer.ranges()) {
      layer.emit({.step = Step::backward_data,
                  .range = range,
                  .in = {layer.top_gradient(0, range), layer.parameter(kWeight, chunk)},
                  .out = {layer.bottom_gradient(0, range)},
                  .accumulate = accumulate_data || chunk > 0,
                  .chunk = chunk,
                  .flops = op_flops(layer, range)});
    }
  }
}

}  // namespace

const LayerType& inner_product_layer_type() {
  static const LayerType type{"InnerProduct",      inner_product_top_shapes,    inner_product_parameters,
                              inner_product_flops, lower_inner_product_forward, lower_inner_product_backward};
  return type;
}

}  // namespace octrain::layers
