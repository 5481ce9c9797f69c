// LRN is lowered to, a slab at a time, forward: bottom -> top; backward_data: bottom, top' -> bottom'.
// Backward computes the denominators again: cheaper than keeping a blob of them. The top may lie on the
// bottom's bytes, bottom' on those of top' or of the bottom: every run of pixels is read before it is
// written.
#include "layer_checks.h"
#include "layer_types.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 1);
  const int size = std::get<LrnParams>(spec.params).local_size;
  if (size < 1 || size % 2 == 0)
    throw runtime::UsageError("local_size must be odd, not " + std::to_string(size));
  if (spec.bottoms == spec.tops)
    throw runtime::UsageError("cannot work in place: its backward pass reads the bottom");
  return {bottoms[0]};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec& spec, std::span<const Shape> bottoms, std::span<const Shape>) {
  const auto& params = std::get<LrnParams>(spec.params);
  const double window = params.region == LrnParams::Region::across_channels
                            ? params.local_size
                            : params.local_size * params.local_size;
  return (2 * window + 4) * static_cast<double>(bottoms[0].elements());
}

void lower_forward(LayerLowering& layer) {
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
                .in = {layer.bottom(0, range), layer.top_gradient(0, range)},
                .out = {layer.bottom_gradient(0, range)},
                .accumulate = layer.accumulates_bottom_gradient(0),
                .overwrites = {{.in = 1, .out = 0}, {.in = 0, .out = 0}}});
  }
}

}  // namespace

const LayerType& lrn_layer_type() {
  static constexpr LayerType kType{"LRN", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
