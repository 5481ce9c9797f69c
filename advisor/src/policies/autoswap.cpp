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

constexpr int kEveryScore = 5;
constexpr PolicyOption kScore{
    "score", kEveryScore, 0, kEveryScore,
    "ranks absences: 0 DOA, 1 AOA, 2 WDOA, 3 SWDOA, 4 rank voting, 5 the best of these as simulated"};
constexpr PolicyOption kOptions[] = {kScore, kLeastShare, kLimitShare};

class AutoSwap {
 public:
  explicit AutoSwap(const PlanRequest& request)
      : trials_(request), score_(static_cast<int>(request.value(kScore))) {}

  Plan best() {
    for (const std::uint64_t limit_bytes : trials_.limits()) {
      if (trials_.open()) try_limit(limit_bytes);
    }
    return trials_.take_best();
  }

 private:
  /// Every score is tried under the first limit; the others try the one that was best there.
  void try_limit(std::uint64_t limit_bytes) {
    const Overload overload = trials_.overload(limit_bytes);
    const std::vector<Candidate> candidates = trials_.candidates(overload);
    if (score_ != kEveryScore) {
      try_score(static_cast<Score>(score_), candidates, overload);
      return;
    }
    for (int score = 0; score < kEveryScore && trials_.open(); ++score) {
      if (try_score(static_cast<Score>(score), candidates, overload)) score_ = score;
    }
  }

  bool try_score(Score score, const std::vector<Candidate>& candidates, Overload overload) {
    const Ranking ranking = rank(score, candidates, trials_.table(), overload);
    const auto picks = pick(ranking, candidates, trials_.table(), overload);
    return trials_.consider(return_as_late_as_possible(trials_.schedule(), trials_.table(), trials_.pace(),
                                                       trials_.gaps_of(picks, candidates)));
  }

  SwapTrials trials_;
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
