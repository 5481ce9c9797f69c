// What goes from the forward pass to the backward pass, and the layers of the backward pass: the terms in
// which vDNN and SuperNeurons think.
#pragma once

#include <cstddef>
#include <vector>

#include "directed_pager.h"
#include "octrain/advisor/liveness.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// A tensor that backward ops read as forward ops left it. Weights and states are none.
struct Crossing {
  TensorId tensor = 0;
  OpIndex release = 0;              ///< its last forward use
  OpIndex need = 0;                 ///< its first use after that
  bool layer_input = false;         ///< some forward op reads it without writing it
  bool convolution_input = false;   ///< a convolution does
  bool convolution_output = false;  ///< a convolution writes it
};

/// In order of tensor id.
[[nodiscard]] std::vector<Crossing> list_crossings(const Schedule& schedule, const Liveness& liveness);

/// A run of ops of the backward pass that belong to one layer; updates belong to the layer before them.
struct BackwardLayer {
  OpIndex first = 0;
  std::size_t pass = 0;  ///< counts backward passes
  bool convolution = false;
  std::vector<TensorId> needs;  ///< of the crossings asked about: those that it uses first
};

[[nodiscard]] std::vector<BackwardLayer> list_backward_layers(const Schedule& schedule,
                                                              const std::vector<Crossing>& crossings);

/// Adds an eviction after the last forward use of each.
void add_evictions(const std::vector<Crossing>& crossings, std::vector<Wish>& wishes);

}  // namespace octrain::advisor
