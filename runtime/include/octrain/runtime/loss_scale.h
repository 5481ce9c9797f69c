// By how much a loss is multiplied so that its gradients, stored in 16 bits, are not too small to be told
// from zero: as much as leaves none too large (Micikevicius et al., "Mixed precision training", ICLR
// 2018, 3.2, and NVIDIA's guide of that name).
#pragma once

#include <cstdint>

namespace octrain::runtime {

/// Where a scale stands that follows the gradients.
struct LossScaleState {
  float scale = 65536;
  std::uint64_t clean_iterations = 0;  ///< since it last changed
  friend bool operator==(const LossScaleState&, const LossScaleState&) = default;
};

struct LossScaling {
  bool follows_gradients = false;
  float fixed = 1;  ///< where it does not
};

/// Halves when a gradient was too large, doubles after enough iterations without.
class LossScale {
 public:
  static constexpr std::uint64_t kCleanIterations = 2000;
  static constexpr float kMost = 0x1p24f, kLeast = 0x1p-16f;

  explicit LossScale(const LossScaling& scaling, const LossScaleState& state = {})
      : scaling_(scaling), state_(state) {}

  [[nodiscard]] float value() const { return scaling_.follows_gradients ? state_.scale : scaling_.fixed; }
  [[nodiscard]] bool follows_gradients() const { return scaling_.follows_gradients; }
  [[nodiscard]] const LossScaleState& state() const { return state_; }
  /// After an iteration. False when the gradients are too large whatever the scale.
  [[nodiscard]] bool note(bool overflow);

 private:
  LossScaling scaling_;
  LossScaleState state_;
};

}  // namespace octrain::runtime
