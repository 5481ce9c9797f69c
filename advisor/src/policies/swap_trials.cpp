#include "swap_trials.h"

#include <algorithm>
#include <array>
#include <utility>

namespace octrain::advisor {
namespace {

constexpr std::array kLimitShares = {1.0, 0.95, 0.9, 0.8, 0.7};

std::uint64_t share_of(double share, std::uint64_t bytes) {
  return std::min(bytes, static_cast<std::uint64_t>(share * static_cast<double>(bytes)));
}

}  // namespace

SwapTrials::SwapTrials(const PlanRequest& request)
    : request_(request),
      pager_(request),
      table_(list_gaps(request.schedule, pager_.liveness())),
      pace_(request.schedule, request.machine) {}

std::vector<std::uint64_t> SwapTrials::limits() const {
  const double share = request_.value(kLimitShare);
  if (share > 0) return {share_of(share, request_.budget_bytes)};
  std::vector<std::uint64_t> limits;
  limits.reserve(kLimitShares.size());
  for (const double each : kLimitShares) limits.push_back(share_of(each, request_.budget_bytes));
  return limits;
}

Overload SwapTrials::overload(std::uint64_t limit_bytes) const {
  return overload_of(schedule(), liveness(), table_, limit_bytes);
}

std::vector<Candidate> SwapTrials::candidates(const Overload& overload) const {
  const std::uint64_t least_bytes = share_of(request_.value(kLeastShare), request_.budget_bytes);
  return list_candidates(schedule(), liveness(), table_, pace_, overload, least_bytes);
}

bool SwapTrials::consider(const std::vector<Absence>& absences) {
  Plan plan = pager_.plan(direction(absences));
  last_ = simulate(schedule(), plan, request_.machine, request_.budget_bytes);
  const auto cost = [](const Simulation& run) {
    return std::pair(run.total_ns, run.in_bytes + run.out_bytes);
  };
  if (best_ && cost(last_) >= cost(*best_)) return false;
  best_ = last_;
  plan_ = std::move(plan);
  return true;
}

/// Weights and states that were not chosen stay on the device.
Direction SwapTrials::direction(const std::vector<Absence>& absences) const {
  Direction direction;
  direction.kept = persistent_tensors(schedule());
  for (const Absence& absence : absences) {
    const Gap& gap = table_.gaps[absence.gap];
    if (gap.kind != Gap::Kind::birth)
      direction.wishes.push_back({Wish::Kind::evict, gap.release, gap.tensor});
    if (gap.copies_in) direction.wishes.push_back({Wish::Kind::prefetch, absence.in_before, gap.tensor});
    if (gap.kind == Gap::Kind::wrap) direction.kept[gap.tensor] = false;
  }
  return direction;
}

std::vector<std::size_t> SwapTrials::gaps_of(const std::vector<std::size_t>& picks,
                                             const std::vector<Candidate>& candidates) const {
  std::vector<std::size_t> gaps;
  gaps.reserve(picks.size());
  for (const std::size_t i : picks) gaps.push_back(candidates[i].gap);
  for (std::size_t i = 0; i < table_.gaps.size(); ++i) {
    if (table_.gaps[i].kind == Gap::Kind::birth && table_.gaps[i].live) gaps.push_back(i);
  }
  return gaps;
}

}  // namespace octrain::advisor
