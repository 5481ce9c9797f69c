#include "octrain/layers/layer.h"

#include "layer_types.h"

namespace octrain::layers {

namespace {

// The explicit table: one line a layer type.
struct TypeOf {
  const LayerType& operator()(const DataParams&) const { return data_layer_type(); }
  const LayerType& operator()(const ConvolutionParams&) const { return convolution_layer_type(); }
  const LayerType& operator()(const InnerProductParams&) const { return inner_product_layer_type(); }
  const LayerType& operator()(const PoolingParams&) const { return pooling_layer_type(); }
  const LayerType& operator()(const ReluParams&) const { return relu_layer_type(); }
  const LayerType& operator()(const LrnParams&) const { return lrn_layer_type(); }
  const LayerType& operator()(const BatchNormParams&) const { return batch_norm_layer_type(); }
  const LayerType& operator()(const ScaleParams&) const { return scale_layer_type(); }
  const LayerType& operator()(const DropoutParams&) const { return dropout_layer_type(); }
  const LayerType& operator()(const ConcatParams&) const { return concat_layer_type(); }
  const LayerType& operator()(const EltwiseParams&) const { return eltwise_layer_type(); }
  const LayerType& operator()(const SoftmaxLossParams&) const { return softmax_loss_layer_type(); }
  const LayerType& operator()(const AccuracyParams&) const { return accuracy_layer_type(); }
};

}  // namespace

const LayerType& layer_type(const LayerParams& params) { return std::visit(TypeOf{}, params); }

std::string_view type_name(const LayerParams& params) { return layer_type(params).name; }

}  // namespace octrain::layers
