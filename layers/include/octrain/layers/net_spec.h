// A net as plain data: what the zoo builds and a prototxt says. Parameters of each layer type are in that
// layer's header.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "octrain/layers/accuracy.h"
#include "octrain/layers/batch_norm.h"
#include "octrain/layers/concat.h"
#include "octrain/layers/convolution.h"
#include "octrain/layers/data.h"
#include "octrain/layers/dropout.h"
#include "octrain/layers/eltwise.h"
#include "octrain/layers/inner_product.h"
#include "octrain/layers/lrn.h"
#include "octrain/layers/pooling.h"
#include "octrain/layers/relu.h"
#include "octrain/layers/scale.h"
#include "octrain/layers/softmax_loss.h"

namespace octrain::layers {

using LayerParams = std::variant<DataParams, ConvolutionParams, InnerProductParams, PoolingParams, ReluParams,
                                 LrnParams, BatchNormParams, ScaleParams, DropoutParams, ConcatParams,
                                 EltwiseParams, SoftmaxLossParams, AccuracyParams>;

enum class Include { always, train, test };

/// A layer may name its top like its bottom: it then works in place.
struct LayerSpec {
  std::string name;
  std::vector<std::string> bottoms;
  std::vector<std::string> tops;
  LayerParams params;
  Include include = Include::always;
};

struct NetSpec {
  std::string name;
  std::vector<LayerSpec> layers;  ///< in topological order
};

/// "Convolution", "Pooling", … (Caffe's type names).
[[nodiscard]] std::string_view type_name(const LayerParams& params);

}  // namespace octrain::layers
