// Data is lowered to, a slab at a time, forward: nothing -> images, [labels].
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 0);
  const auto& params = std::get<DataParams>(spec.params);
  const Shape images{params.batch, params.channels, params.height, params.width};
  if (params.batch < 1 || params.channels < 1 || params.height < 1 || params.width < 1) {
    throw runtime::UsageError("every dimension must be at least 1: " + to_string(images));
  }
  if (spec.tops.empty() || spec.tops.size() > 2)
    throw runtime::UsageError("makes images and labels: one top or two");
  if (spec.tops.size() == 1) return {images};
  return {images, {params.batch, 1, 1, 1}};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape>, std::span<const Shape>) { return 0; }

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{Step::forward, range, {}, {}};
    for (std::size_t i = 0; i < layer.spec().tops.size(); ++i) op.out.push_back(layer.top(i, range));
    layer.emit(op);
  }
}

}  // namespace

const LayerType& data_layer_type() {
  static constexpr LayerType kType{"Data", top_shapes, parameters, flops, lower_forward, nullptr};
  return kType;
}

}  // namespace octrain::layers
