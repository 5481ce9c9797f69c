// Softmax with loss is lowered to, a slab at a time, forward: logits, labels -> the scalar (no tensor);
// backward_data: logits, labels -> logits', on the bytes of the logits if need be. The scalar is this loss
// alone; its weight enters the gradient and the net's total.
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec&, std::span<const Shape> bottoms) {
  expect_logits_and_labels(bottoms);
  return {};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return 3.0 * static_cast<double>(bottoms[0].elements());
}

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    layer.emit({Step::forward, range, {layer.bottom(0, range), layer.bottom(1, range)}, {}});
  }
}

void lower_backward(LayerLowering& layer) {
  if (!layer.wants_bottom_gradient(0)) return;
  for (const ImageRange range : layer.ranges()) {
    layer.emit({.step = Step::backward_data,
                .range = range,
                .in = {layer.bottom(0, range), layer.bottom(1, range)},
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = layer.accumulates_bottom_gradient(0),
                .overwrites = {{.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& softmax_loss_layer_type() {
  static constexpr LayerType kType{"SoftmaxWithLoss", top_shapes,    parameters, flops,
                                   lower_forward,     lower_backward};
  return kType;
}

}  // namespace octrain::layers
