#include "octrain/runtime/loss_scale.h"

#include <algorithm>

namespace octrain::runtime {

bool LossScale::note(bool overflow) {
  if (!scaling_.follows_gradients) return true;
  if (overflow) {
    state_ = {state_.scale / 2, 0};
    return state_.scale >= kLeast;
  }
  if (++state_.clean_iterations == kCleanIterations) state_ = {std::min(state_.scale * 2, kMost), 0};
  return true;
}

}  // namespace octrain::runtime
