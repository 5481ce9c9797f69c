// What a layer says of one of its parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "octrain/layers/filler.h"

namespace octrain::layers {

/// How a parameter learns; the fields of Caffe's ParamSpec.
struct ParamOptions {
  float lr_mult = 1;
  float decay_mult = 1;
  Filler filler;
};

struct ParameterSpec {
  std::string name;                ///< "weight", "bias", "mean", …; unique in the layer
  std::vector<std::int64_t> dims;  ///< canonical shape, outputs first
  ParamOptions options;
  bool trained = true;  ///< false: running statistics, which have no gradient and no update
};

}  // namespace octrain::layers
