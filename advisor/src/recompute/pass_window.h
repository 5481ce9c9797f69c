// A pass by itself: what is alive during its ops, without a look at the rest of the schedule.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "octrain/advisor/liveness.h"
#include "octrain/advisor/recompute.h"
#include "pass.h"

namespace octrain::advisor {

class PassWindow {
 public:
  /// `live` is live_bytes() of the schedule (bounds.h).
  PassWindow(const Schedule& schedule, const Liveness& liveness, const std::vector<std::uint64_t>& live,
             const Pass& pass);

  /// The most bytes alive during the pass when these reruns happen, of its ops and before its ops.
  [[nodiscard]] std::uint64_t peak_bytes(std::span<const Rerun> reruns) const;

 private:
  [[nodiscard]] std::vector<std::uint64_t> live_with(std::span<const Rerun> reruns) const;

  OpIndex first_;
  Schedule schedule_;  // its ops, between one that makes what they find and one that reads what they leave
  std::uint64_t elsewhere_bytes_ = 0;  // of tensors that no op of the pass touches
};

}  // namespace octrain::advisor
