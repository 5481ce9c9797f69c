// Batch normalisation (Ioffe and Szegedy 2015), statistics over the whole batch whatever the slabs:
// top = gamma * (bottom - mean) / sqrt(variance + epsilon) + beta, per channel; affine = false leaves gamma
// and beta out. Parameters: gamma, beta (c) if affine; mean, variance (c): running averages, running =
// momentum * running + (1 - momentum) * batch (variance unbiased: m / (m - 1)), updated once an iteration,
// used as they are in testing.
#pragma once

#include "octrain/layers/parameter_spec.h"

namespace octrain::layers {

struct BatchNormParams {
  float epsilon = 1e-5f;
  float momentum = 0.9f;
  bool affine = true;
  ParamOptions gamma_options{1, 0, {.value = 1}};
  ParamOptions beta_options{1, 0, {}};
  bool relu = false;  ///< a folded ReLU follows
};

}  // namespace octrain::layers
