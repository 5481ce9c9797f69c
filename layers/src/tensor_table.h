// Hands out bytes of the schedule's tensors: large values get tensors of their own, small ones share a block.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "octrain/advisor/schedule.h"
#include "octrain/layers/blob.h"

namespace octrain::layers {

/// Small values of one lifetime share blocks; values of different lifetimes never do.
enum class Lifetime { activation, activation_gradient, parameter };

class TensorTable {
 public:
  /// Values under 1 MiB are put behind one another, 64-byte aligned, into a shared 2 MiB block; others start
  /// a tensor of their own.
  TensorView allocate(const std::string& name, advisor::Role role, Lifetime lifetime, std::uint64_t bytes);
  /// A tensor of its own of exactly these bytes, rounded up to blocks.
  advisor::TensorId add(const std::string& name, advisor::Role role, std::uint64_t bytes);

  [[nodiscard]] const std::vector<advisor::TensorInfo>& tensors() const { return tensors_; }
  /// Does the view take up all that is in use of its tensor? (Only then does writing it kill everything the
  /// tensor held.)
  [[nodiscard]] bool covers(const TensorView& view) const {
    return view.offset == 0 && view.bytes >= used_bytes_[view.tensor];
  }

 private:
  std::vector<advisor::TensorInfo> tensors_;
  std::vector<std::uint64_t> used_bytes_;
  std::map<std::pair<advisor::Role, Lifetime>, advisor::TensorId> open_block_;
};

}  // namespace octrain::layers
