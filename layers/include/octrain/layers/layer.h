// What every layer type provides, backend-free: shapes, parameters, and how it is lowered to ops. One source
// file a layer; the table in src/layer.cpp finds them (no static registration).
#pragma once

#include <span>
#include <vector>

#include "octrain/layers/kernel.h"
#include "octrain/layers/net_spec.h"

namespace octrain::layers {

class LayerLowering;  // lowering.h

struct LayerType {
  std::string_view name;
  /// Throws runtime::UsageError (without the layer's name, which the caller adds) when the bottoms do not
  /// fit.
  std::vector<Shape> (*top_shapes)(const LayerSpec&, std::span<const Shape> bottoms);
  std::vector<ParameterSpec> (*parameters)(const LayerSpec&, std::span<const Shape> bottoms);
  /// Multiply-adds count two; forward, whole batch.
  double (*flops)(const LayerSpec&, std::span<const Shape> bottoms, std::span<const Shape> tops);
  void (*lower_forward)(LayerLowering&);
  void (*lower_backward)(LayerLowering&);  ///< null: no gradient passes (data, accuracy)
};

[[nodiscard]] const LayerType& layer_type(const LayerParams& params);

}  // namespace octrain::layers
