// Concat is lowered to, a slab at a time, forward: bottoms -> top; backward_data: top' -> bottoms' from
// bottom `chunk` on.
#include "gradient_runs.h"
#include "layer_checks.h"
#include "layer_types.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec&, std::span<const Shape> bottoms) {
  if (bottoms.empty()) throw runtime::UsageError("takes at least one bottom");
  Shape top = bottoms[0];
  for (const Shape& bottom : bottoms.subspan(1)) {
    if (bottom.n != top.n || bottom.h != top.h || bottom.w != top.w) {
      throw runtime::UsageError("bottoms may differ in channels only: " + to_string(bottoms[0]) + ", " +
                                to_string(bottom));
    }
    top.c += bottom.c;
  }
  return {top};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape>, std::span<const Shape>) { return 0; }

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{Step::forward, range, {}, {layer.top(0, range)}};
    for (std::size_t i = 0; i < layer.bottom_count(); ++i) op.in.push_back(layer.bottom(i, range));
    layer.emit(op);
  }
}

void lower_backward(LayerLowering& layer) {
  emit_gradient_runs(
      layer, [&](ImageRange range) { return std::vector<Operand>{layer.top_gradient(0, range)}; }, 0);
}

}  // namespace

const LayerType& concat_layer_type() {
  static constexpr LayerType kType{"Concat", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
