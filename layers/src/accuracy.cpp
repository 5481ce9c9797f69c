// Accuracy is lowered to, a slab at a time, forward: logits, labels -> the scalar (no tensor): how many
// images are right.
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  expect_logits_and_labels(bottoms);
  const int top_k = std::get<AccuracyParams>(spec.params).top_k;
  if (top_k < 1 || top_k > bottoms[0].c) {
    throw runtime::UsageError("top_k must be in 1 to " + std::to_string(bottoms[0].c) + ", not " +
                              std::to_string(top_k));
  }
  return {};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return static_cast<double>(bottoms[0].elements());
}

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    layer.emit({Step::forward, range, {layer.bottom(0, range), layer.bottom(1, range)}, {}});
  }
}

}  // namespace

const LayerType& accuracy_layer_type() {
  static constexpr LayerType kType{"Accuracy", top_shapes, parameters, flops, lower_forward, nullptr};
  return kType;
}

}  // namespace octrain::layers
