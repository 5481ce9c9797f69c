// Every layer type, by name; each is defined in the source file of that name.
#pragma once

#include "octrain/layers/layer.h"

namespace octrain::layers {

const LayerType& data_layer_type();
const LayerType& convolution_layer_type();
const LayerType& inner_product_layer_type();
const LayerType& pooling_layer_type();
const LayerType& relu_layer_type();
const LayerType& lrn_layer_type();
const LayerType& batch_norm_layer_type();
const LayerType& scale_layer_type();
const LayerType& dropout_layer_type();
const LayerType& concat_layer_type();
const LayerType& eltwise_layer_type();
const LayerType& softmax_loss_layer_type();
const LayerType& accuracy_layer_type();

}  // namespace octrain::layers
