// ReLU on its own (in place behind a layer that can fold it, fuse() has removed it).
// Ops per range: forward(bottom -> top), on the bottom's bytes if need be; backward_data(top, top' ->
// bottom'), on those of top' or of the top.
#include "layer_types.h"
#include "octrain/layers/lowering.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

std::vector<Shape> relu_top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  if (bottoms.size() != 1 || spec.tops.size() != 1) throw runtime::UsageError("takes one bottom and one top");
  return {bottoms[0]};
}

std::vector<ParameterSpec> relu_parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double relu_flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return static_cast<double>(bottoms[0].elements());
}

void lower_relu_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::forward,
                .range = range,
                .in = {layer.bottom(0, range)},
                .out = {layer.top(0, range)},
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

void lower_relu_backward(LayerLowering& layer) {
  if (!layer.wants_bottom_gradient(0)) return;
  const bool accumulate = layer.accumulates_bottom_gradient(0);
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = {layer.top(0, range), layer.top_gradient(0, range)},
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = accumulate,
                .overwrites = {{.in = 1, .out = 0}, {.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& relu_layer_type() {
  static const LayerType type{"ReLU",     relu_top_shapes,    relu_parameters,
                              relu_flops, lower_relu_forward, lower_relu_backward};
  return type;
}

}  // namespace octrain::layers
