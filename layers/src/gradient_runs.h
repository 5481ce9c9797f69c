// Layers with many bottoms compute the gradients of several in one op, so that what they share is read once.
#pragma once

#include <vector>

#include "octrain/layers/lowering.h"

namespace octrain::layers {

/// Consecutive bottoms that want a gradient and agree in whether it is added to. The op's chunk is the first
/// of them.
struct GradientRun {
  std::size_t first = 0, count = 0;
  bool accumulate = false;
};

inline std::vector<GradientRun> gradient_runs(const LayerLowering& layer) {
  std::vector<GradientRun> runs;
  for (std::size_t i = 0; i < layer.bottom_count(); ++i) {
    if (!layer.wants_bottom_gradient(i)) continue;
    const bool accumulate = layer.accumulates_bottom_gradient(i);
    // Gradients that are added to may be one blob's, named twice: each gets an op of its own.
    const bool extends =
        !runs.empty() && !accumulate && !runs.back().accumulate && runs.back().first + runs.back().count == i;
    if (extends) {
      ++runs.back().count;
    } else {
      runs.push_back({i, 1, accumulate});
    }
  }
  return runs;
}

/// One backward_data op a run and range: `in(range)` -> the gradients of the run's bottoms. Each of these may
/// lie on any of the first `overwritten` operands.
template <class Operands>
void emit_gradient_runs(LayerLowering& layer, const Operands& in, std::size_t overwritten) {
  for (const GradientRun& run : gradient_runs(layer)) {
    for (const ImageRange range : layer.ranges()) {
      OpSpec op{Step::backward_data, range, in(range), {}, run.accumulate, static_cast<int>(run.first), 0};
      for (std::size_t i = run.first; i < run.first + run.count; ++i)
        op.out.push_back(layer.bottom_gradient(i, range));
      for (std::size_t from = 0; from < overwritten; ++from) {
        for (std::size_t to = 0; to < op.out.size(); ++to) op.overwrites.push_back({from, to});
      }
      layer.emit(op);
    }
  }
}

}  // namespace octrain::layers
