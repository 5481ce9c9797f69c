// A policy that sends absences away settles by simulation what its paper settles by measured iterations: each
// choice becomes a plan, and the fastest is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "directed_pager.h"
#include "gaps.h"
#include "octrain/advisor/liveness.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "pace.h"
#include "swap_candidates.h"
#include "swap_in.h"

namespace octrain::advisor {

inline constexpr PolicyOption kLeastShare{"least_share", 1.0 / 16384, 0, 1,
                                          "tensors below this share of the budget stay"};
inline constexpr PolicyOption kLimitShare{
    "limit_share", 0, 0, 1, "share of the budget that loads may reach; 0: several, the best as simulated"};

class SwapTrials {
 public:
  explicit SwapTrials(const PlanRequest& request);

  [[nodiscard]] const Schedule& schedule() const { return request_.schedule; }
  [[nodiscard]] const Liveness& liveness() const { return pager_.liveness(); }
  [[nodiscard]] const GapTable& table() const { return table_; }
  [[nodiscard]] const Pace& pace() const { return pace_; }

  /// Calls `try_limit(bytes)`, which answers whether it found a better plan, for what kLimitShare allows; of
  /// several the largest first, for as long as less is better. (A device filled to the last byte leaves
  /// transfers no slack, and how much pays depends on the link.)
  template <typename TryLimit>
  void try_limits(const TryLimit& try_limit) {
    for (const std::uint64_t limit_bytes : limits()) {
      if (!open() || !try_limit(limit_bytes)) return;
    }
  }
  [[nodiscard]] Overload overload(std::uint64_t limit_bytes) const;
  /// What straddles the overload and is not too small (kLeastShare).
  [[nodiscard]] std::vector<Candidate> candidates(const Overload& overload) const;

  /// What has to come in: the picks, and what starts each iteration on the host.
  [[nodiscard]] std::vector<std::size_t> gaps_of(const std::vector<std::size_t>& picks,
                                                 const std::vector<Candidate>& candidates) const;

  /// Makes the plan and simulates it; true if it is the best so far.
  bool consider(const std::vector<Absence>& absences);
  /// As simulated, the last that was considered.
  [[nodiscard]] const Simulation& last() const { return last_; }
  /// Could another be better? Not if one never stalls.
  [[nodiscard]] bool open() const { return !best_ || best_->stall_ns != 0; }
  [[nodiscard]] Plan take_best() { return std::move(plan_); }

 private:
  [[nodiscard]] std::vector<std::uint64_t> limits() const;
  [[nodiscard]] Direction direction(const std::vector<Absence>& absences) const;

  const PlanRequest& request_;
  DirectedPager pager_;
  GapTable table_;
  Pace pace_;
  Simulation last_;
  std::optional<Simulation> best_;
  Plan plan_;
};

}  // namespace octrain::advisor
