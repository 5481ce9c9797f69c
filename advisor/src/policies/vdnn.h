// What the three vDNN policies share (Rhu et al., "vDNN: Virtualized Deep Neural Networks for Scalable,
// Memory-Efficient Neural Network Design", MICRO 2016).
//
// A layer's input feature map is offloaded after its last forward reader. In the backward pass, as a layer
// starts, the offloaded map that an earlier layer needs next is fetched; the search for that layer ends at
// the first convolution (the paper's findPrefetchLayer). All else stays on the device, weights above all.
#pragma once

#include <array>
#include <string_view>

#include "directed_pager.h"
#include "octrain/advisor/policy.h"

namespace octrain::advisor {

enum class Offload { none, convolution_inputs, all_inputs };

inline constexpr PolicyOption kVdnnAhead{"prefetch_ahead", 1, 0, 1000,
                                         "layers whose inputs are fetched as one starts backward; 0: none"};
inline constexpr PolicyOption kVdnnWindow{"convolution_window", 1, 0, 1,
                                          "the search for them ends at the next convolution"};
inline constexpr PolicyOption kVdnnLiveness{"liveness", 1, 0, 1, "what is dead is freed at once"};
inline constexpr PolicyOption kVdnnWeights{"keep_weights", 1, 0, 1,
                                           "weights and states leave only when nothing else can"};
inline constexpr std::array kVdnnOptions{kVdnnAhead, kVdnnWindow, kVdnnLiveness, kVdnnWeights};

[[nodiscard]] Direction vdnn_direction(const PlanRequest& request, const Liveness& liveness, Offload offload);

/// A policy that offloads by one of the static rules.
[[nodiscard]] PlanResult plan_vdnn(const PlanRequest& request, Offload offload, std::string_view policy);

}  // namespace octrain::advisor
