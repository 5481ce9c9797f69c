// Eltwise is lowered to, a slab at a time,
//   forward: bottoms -> top, on any bottom's bytes if need be
//   backward_data: top', [top if a ReLU is folded in], [bottoms unless it is a sum] -> bottoms' from bottom
//   `chunk` on, each on the bytes of top' or of the top, if that is read
#include "gradient_runs.h"
#include "layer_checks.h"
#include "layer_types.h"

namespace octrain::layers {

namespace {

std::vector<Shape> top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  const auto& params = std::get<EltwiseParams>(spec.params);
  if (bottoms.size() < 2) throw runtime::UsageError("takes at least two bottoms");
  for (const Shape& bottom : bottoms) {
    if (bottom != bottoms[0]) {
      throw runtime::UsageError("bottoms differ in shape: " + to_string(bottoms[0]) + ", " +
                                to_string(bottom));
    }
  }
  if (params.coefficients.empty()) return {bottoms[0]};
  if (params.operation != EltwiseParams::Operation::sum)
    throw runtime::UsageError("only a sum has coefficients");
  if (params.coefficients.size() != bottoms.size()) {
    throw runtime::UsageError("has " + std::to_string(params.coefficients.size()) + " coefficients for " +
                              std::to_string(bottoms.size()) + " bottoms");
  }
  return {bottoms[0]};
}

std::vector<ParameterSpec> parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double flops(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape>) {
  return static_cast<double>(bottoms.size()) * static_cast<double>(bottoms[0].elements());
}

std::vector<Operand> all_bottoms(const LayerLowering& layer, ImageRange range) {
  std::vector<Operand> operands;
  for (std::size_t i = 0; i < layer.bottom_count(); ++i) operands.push_back(layer.bottom(i, range));
  return operands;
}

void lower_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{Step::forward, range, all_bottoms(layer, range), {layer.top(0, range)}};
    for (std::size_t i = 0; i < op.in.size(); ++i) op.overwrites.push_back({i, 0});
    layer.emit(op);
  }
}

void lower_backward(LayerLowering& layer) {
  const auto& params = layer.params<EltwiseParams>();
  const auto operands = [&](ImageRange range) {
    std::vector<Operand> in = {layer.top_gradient(0, range)};
    if (params.relu) in.push_back(layer.top(0, range));
    if (params.operation != EltwiseParams::Operation::sum) {
      const std::vector<Operand> bottoms = all_bottoms(layer, range);
      in.insert(in.end(), bottoms.begin(), bottoms.end());
    }
    return in;
  };
  emit_gradient_runs(layer, operands, params.relu ? 2 : 1);
}

}  // namespace

const LayerType& eltwise_layer_type() {
  static constexpr LayerType kType{"Eltwise", top_shapes, parameters, flops, lower_forward, lower_backward};
  return kType;
}

}  // namespace octrain::layers
