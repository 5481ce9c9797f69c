// Scale: top[c] = gamma[c] * bottom[c] + beta[c], per channel; in place is not possible (backward reads the
// bottom). Parameters: gamma (c), beta (c) if bias.
#pragma once

#include "octrain/layers/parameter_spec.h"

namespace octrain::layers {

struct ScaleParams {
  bool bias = true;
  ParamOptions gamma_options{1, 1, {.value = 1}};
  ParamOptions beta_options{1, 1, {}};
  bool relu = false;  ///< a folded ReLU follows
};

}  // namespace octrain::layers
