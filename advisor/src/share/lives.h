// When each tensor holds bytes under a plan, once the plan lets go of everything at its death.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// Time counts runs of ops, those that the plan repeats included: the r-th run takes place at 2r + 1, what
/// the plan does before it at 2r (letting go first, then bringing).
struct Life {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< half-open; no longer than its begin: the tensor is never used
  [[nodiscard]] bool empty() const { return end <= begin; }
};

struct LivedPlan {
  Plan plan;
  /// By tensor, from its first bytes to its last: what lives twice in an iteration keeps them in between.
  std::vector<Life> lives;
  std::vector<std::uint64_t> run_at;  ///< by op: when it runs, as the schedule says (not again)
};

/// The same plan, but every tensor that does not outlive the iteration is discarded as soon as nobody reads
/// it any more, and what the plan did with dead contents is left out, its placements too. Resident bytes are
/// nowhere more than they were.
[[nodiscard]] LivedPlan discard_at_death(const Schedule& schedule, const Plan& plan);

}  // namespace octrain::advisor
