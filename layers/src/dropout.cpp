// Dropout is lowered to, a slab at a time, forward: bottom -> top; backward_data: top' -> bottom' (the mask
// is made again). In testing it copies, or does nothing in place. Both may write on the bytes of what they
// read.
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

bool in_place(const LayerSpec& spec) { return spec.bottoms == spec.tops; }

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 1);
  const float ratio = std::get<DropoutParams>(spec.params).ratio;
  if (!(ratio >= 0 && ratio < 1))
    throw runtime::UsageError("ratio must be in [0, 1), not " + std::to_string(ratio));
  return {bottoms[0]};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return static_cast<double>(bottoms[0].elements());
}

void lower_forward(LayerLowering& layer) {
  if (!layer.training() && in_place(layer.spec())) return;
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::forward,
                .range = range,
                .in = {layer.bottom(0, range)},
                .out = {layer.top(0, range)},
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

void lower_backward(LayerLowering& layer) {
  if (!layer.wants_bottom_gradient(0)) return;
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = {layer.top_gradient(0, range)},
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = layer.accumulates_bottom_gradient(0),
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& dropout_layer_type() {
  static constexpr LayerType kType{"Dropout", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
