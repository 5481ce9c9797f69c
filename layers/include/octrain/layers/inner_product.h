// Inner product: bottom (n, c, h, w) seen as (n, k = c h w) -> top (n, outputs, 1, 1); top = bottom *
// weight^T + bias. Parameters: weight (outputs, k), bias (outputs). A large weight is cut into chunks of
// whole output rows, each a tensor of its own, so that one op's operands stay small.
#pragma once

#include "octrain/layers/parameter_spec.h"

namespace octrain::layers {

struct InnerProductParams {
  int outputs = 0;
  bool bias = true;
  ParamOptions weight_options{};
  ParamOptions bias_options{};
  bool relu = false;  ///< a folded ReLU follows
};

}  // namespace octrain::layers
