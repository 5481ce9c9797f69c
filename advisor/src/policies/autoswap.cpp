// AutoSwap (Zhang, Yeung, Shu, He, Wang: Efficient Memory Management for GPU-based Deep Learning Systems,
// 2019): of the absences that straddle a load peak, the best by a score are spent off the device until the
// load is under the limit. Swap-outs start in the order in which they are triggered, a swap-in as late as it
// may. Where the paper searches for a mixture of its scores by Bayesian optimisation, here the simulator
// chooses among the scores and their rank voting.
#include <cstdint>
#include <utility>
#include <vector>

#include "demand_pager.h"
#include "policies.h"
#include "swap_trials.h"

namespace octrain::advisor {
namespace {

constexpr int kVote = kScores.size(), kEach = kVote + 1;
constexpr PolicyOption kScore{
    "score", kEach, 0, kEach,
    "ranks absences: 0 DOA, 1 AOA, 2 WDOA, 3 SWDOA, 4 rank voting, 5 the best of these as simulated"};
constexpr PolicyOption kLate{"late", 1, 0, 1,
                             "swap in as late as the link allows; 0: as early as memory allows"};
constexpr PolicyOption kOptions[] = {kScore, kLate, kLeastShare, kLimitShare};

class AutoSwap {
 public:
  explicit AutoSwap(const PlanRequest& request)
      : trials_(request), late_(request.value(kLate) != 0), score_(static_cast<int>(request.value(kScore))) {}

  Plan best() {
    trials_.try_limits([&](std::uint64_t limit_bytes) { return try_limit(limit_bytes); });
    return trials_.take_best();
  }

 private:
  /// Under the first limit every score is tried if none is named; then the best of them.
  bool try_limit(std::uint64_t limit_bytes) {
    const Overload overload = trials_.overload(limit_bytes);
    const std::vector<Candidate> candidates = trials_.candidates(overload);
    const auto ranked_by = [&](int score) {
      return rank(kScores[static_cast<std::size_t>(score)], candidates, trials_.table(), overload);
    };
    if (score_ < kVote) return consider(ranked_by(score_), candidates, overload);
    int best = kEach;
    std::vector<Ranking> rankings;
    rankings.reserve(kScores.size());
    for (int score = 0; score < kVote; ++score) {
      rankings.push_back(ranked_by(score));
      if (score_ == kVote) continue;
      if (consider(rankings.back(), candidates, overload)) best = score;
      if (!trials_.open()) return true;
    }
    if (consider(vote(rankings), candidates, overload)) best = kVote;
    score_ = best;
    return best != kEach;
  }

  bool consider(const Ranking& ranking, const std::vector<Candidate>& candidates, Overload overload) {
    const auto gaps = trials_.gaps_of(pick(ranking, candidates, trials_.table(), overload), candidates);
    return trials_.consider(
        late_ ? return_as_late_as_possible(trials_.schedule(), trials_.table(), trials_.pace(), gaps)
              : return_as_early_as_possible(trials_.schedule(), trials_.table(), gaps));
  }

  SwapTrials trials_;
  bool late_;
  int score_;
};

PlanResult plan_autoswap(const PlanRequest& request) {
  if (auto result = infeasible(request, "autoswap")) return *std::move(result);
  PlanResult result;
  result.policy = "autoswap";
  result.plan = AutoSwap(request).best();
  return result;
}

}  // namespace

Policy autoswap_policy() {
  return {"autoswap", "absences that straddle the load peak, the best by score first (AutoSwap, 2019)",
          plan_autoswap, kOptions};
}

}  // namespace octrain::advisor
