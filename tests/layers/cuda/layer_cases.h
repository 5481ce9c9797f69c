// Layers of every kind that the CUDA backend has kernels of its own for, each to stand in a net of its own.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "layers/layer_harness.h"

namespace octrain::layers::testing {

struct LayerCase {
  std::string name;
  std::vector<LayerSpec> layers;
  Shape images{5, 3, 7, 9};
};

inline void PrintTo(const LayerCase& param, std::ostream* out) { *out << param.name; }

inline EltwiseParams eltwise(EltwiseParams::Operation operation, bool relu,
                             std::vector<float> coefficients = {}) {
  return {operation, std::move(coefficients), relu};
}

inline ScaleParams scale(bool bias, bool relu) {
  ScaleParams params;
  params.gamma_options.filler = {.value = -0.7f};
  params.bias = bias;
  params.relu = relu;
  return params;
}

inline BatchNormParams batch_norm(bool affine, bool relu) {
  BatchNormParams params;
  params.affine = affine;
  params.relu = relu;
  return params;
}

inline PoolingParams pooling(PoolingParams::Method method, int kernel, int stride, int pad) {
  PoolingParams params;
  params.method = method;
  params.kernel_h = params.kernel_w = kernel;
  params.stride_h = params.stride_w = stride;
  params.pad_h = params.pad_w = pad;
  return params;
}

inline LrnParams lrn(LrnParams::Region region, int size, float beta) {
  return {.region = region, .local_size = size, .alpha = 1.5f, .beta = beta, .k = 2};
}

inline LayerSpec on_x(const LayerParams& params) { return {"layer", {"x"}, {"y"}, params}; }
/// Of x and another blob, in turn.
inline std::vector<LayerSpec> on_blobs(std::size_t count, const LayerParams& params) {
  LayerSpec layer{"layer", {}, {"y"}, params};
  for (std::size_t i = 0; i < count; ++i) layer.bottoms.emplace_back(i % 2 == 0 ? "x" : "z");
  return {{"other", {"x"}, {"z"}, scale(true, false)}, layer};
}

inline std::vector<LayerCase> layer_cases() {
  using Method = PoolingParams::Method;
  using Operation = EltwiseParams::Operation;
  using Region = LrnParams::Region;
  return {
      {"relu", {on_x(ReluParams{})}},
      {"dropout", {on_x(DropoutParams{0.3f})}},
      {"sum", on_blobs(3, eltwise(Operation::sum, false, {1, -0.5f, 2}))},
      {"sum_of_two", on_blobs(2, eltwise(Operation::sum, true))},
      {"sum_of_five", on_blobs(5, eltwise(Operation::sum, true, {1, 2, 3, 4, -5}))},
      {"product", on_blobs(3, eltwise(Operation::product, true))},
      {"product_of_four", on_blobs(4, eltwise(Operation::product, false))},
      {"product_of_five", on_blobs(5, eltwise(Operation::product, false))},
      {"maximum", on_blobs(3, eltwise(Operation::max, false))},
      {"maximum_of_five", on_blobs(5, eltwise(Operation::max, true))},
      {"concat", on_blobs(3, ConcatParams{})},
      {"scale", {on_x(scale(true, false))}},
      {"scale_relu", {on_x(scale(false, true))}},
      {"scale_in_parts", {on_x(scale(true, true))}, {5, 3, 51, 43}},  // two blocks a channel
      {"batch_norm", {on_x(batch_norm(true, false))}},
      {"batch_norm_relu", {on_x(batch_norm(false, true))}},
      {"batch_norm_in_parts", {on_x(batch_norm(true, true))}, {5, 3, 51, 43}},
      {"batch_norm_many_channels", {on_x(batch_norm(true, true))}, {5, 1031, 1, 1}},
      {"maximum_pooling", {on_x(pooling(Method::max, 3, 2, 1))}},
      {"average_pooling", {on_x(pooling(Method::average, 3, 2, 1))}},
      {"large_windows", {on_x(pooling(Method::max, 17, 1, 0))}, {3, 2, 19, 18}},
      {"lrn_across", {on_x(lrn(Region::across_channels, 5, 0.75f))}, {5, 11, 7, 9}},
      {"lrn_within", {on_x(lrn(Region::within_channel, 3, 0.6f))}},
      {"lrn_in_groups", {on_x(lrn(Region::across_channels, 5, 0.75f))}, {5, 64, 104, 81}},  // of three images
  };
}

}  // namespace octrain::layers::testing
