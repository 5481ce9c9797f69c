// Pooling. Ops per range: forward(bottom -> top, saved); backward_data(top', saved -> bottom').
// Maximum saves where each maximum came from; average saves nothing and has no such operand.
#include "layer_types.h"
#include "octrain/layers/lowering.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

PoolingParams window_over(const LayerSpec& spec, const Shape& bottom) {
  return resolve_window(std::get<PoolingParams>(spec.params), static_cast<int>(bottom.h),
                        static_cast<int>(bottom.w));
}

std::int64_t pooled_extent(std::int64_t extent, int kernel, int stride, int pad,
                           PoolingParams::Rounding rounding) {
  if (kernel <= 0 || stride <= 0 || pad < 0) {
    throw runtime::UsageError("kernel and stride must be positive, padding not negative");
  }
  if (pad >= kernel) throw runtime::UsageError("padding must be smaller than the kernel");
  const std::int64_t span = extent + 2 * pad - kernel;
  if (span < 0) {
    throw runtime::UsageError("window of " + std::to_string(kernel) + " does not fit in " +
                              std::to_string(extent) + " with padding " + std::to_string(pad));
  }
  const bool up = rounding == PoolingParams::Rounding::ceil;
  const std::int64_t count = (span + (up ? stride - 1 : 0)) / stride + 1;
  // A window that would start past the image has nothing to pool. (Without padding that takes a stride above
  // the kernel.)
  return (count - 1) * stride >= extent + pad ? count - 1 : count;
}

std::vector<Shape> pooling_top_shapes(const LayerSpec& spec, std::span<const Shape> bottoms) {
  if (bottoms.size() != 1 || spec.tops.size() != 1) throw runtime::UsageError("takes one bottom and one top");
  const Shape& bottom = bottoms[0];
  const PoolingParams window = window_over(spec, bottom);
  return {{bottom.n, bottom.c,
           pooled_extent(bottom.h, window.kernel_h, window.stride_h, window.pad_h, window.rounding),
           pooled_extent(bottom.w, window.kernel_w, window.stride_w, window.pad_w, window.rounding)}};
}

std::vector<ParameterSpec> pooling_parameters(const LayerSpec&, std::span<const Shape>) { return {}; }

double pooling_flops(const LayerSpec& spec, std::span<const Shape> bottoms, std::span<const Shape> tops) {
  const PoolingParams window = window_over(spec, bottoms[0]);
  return static_cast<double>(tops[0].elements() * window.kernel_h * window.kernel_w);
}

bool saves_positions(const LayerLowering& layer) {
  return layer.params<PoolingParams>().method == PoolingParams::Method::max;
}

void lower_pooling_forward(LayerLowering& layer) {
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{
        .step = Step::forward, .range = range, .in = {layer.bottom(0, range)}, .out = {layer.top(0, range)}};
    if (layer.training() && saves_positions(layer)) op.out.push_back(layer.saved(range));
    layer.emit(op);
  }
}

void lower_pooling_backward(LayerLowering& layer) {
  if (!layer.wants_bottom_gradient(0)) return;
  const bool accumulate = layer.accumulates_bottom_gradient(0);
  for (const ImageRange range : layer.ranges()) {
    OpSpec op{.step = Step::backward_data,
              .range = range,
              .in = {layer.top_gradient(0, range)},
              .out = {layer.bottom_gradient(0, range)},
              .accumulate = accumulate};
    if (saves_positions(layer)) op.in.push_back(layer.saved(range));
    layer.emit(op);
  }
}

}  // namespace

const LayerType& pooling_layer_type() {
  static const LayerType type{"Pooling",     pooling_top_shapes,    pooling_parameters,
                              pooling_flops, lower_pooling_forward, lower_pooling_backward};
  return type;
}

}  // namespace octrain::layers
