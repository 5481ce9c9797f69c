// Initial values of parameters, as Caffe defines them; a function of seed, parameter and element alone.
#pragma once

#include <cstdint>
#include <span>

namespace octrain::layers {

struct Filler {
  enum class Kind { constant, gaussian, uniform, xavier, msra };
  enum class VarianceNorm { fan_in, fan_out, average };
  Kind kind = Kind::constant;
  float value = 0;                                    ///< constant
  float mean = 0, stddev = 1;                         ///< gaussian
  float min = 0, max = 1;                             ///< uniform
  VarianceNorm variance_norm = VarianceNorm::fan_in;  ///< xavier: U(±sqrt(3/n)); msra: N(0, sqrt(2/n))
};

/// Fills `values` (canonical order: outputs first). fan_in = elements / dims[0]; fan_out = elements / dims[1]
/// (as Caffe computes them from the blob's shape; 1 where there is no such dimension). `key` mixes seed and
/// parameter index.
void fill(std::span<float> values, std::span<const std::int64_t> dims, const Filler& filler,
          std::uint64_t key);

}  // namespace octrain::layers
