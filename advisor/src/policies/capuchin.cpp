// Capuchin (Peng et al.: Capuchin: Tensor-based GPU Memory Management for Deep Learning, ASPLOS 2020), its
// swapping: in the trace of one iteration an absence has a free time, what swap-out and swap-in leave of it.
// Those with the most go first, for an in-trigger can hide them; then those that cannot be hidden, by the
// stall they cost. A swap-in that was still in flight at its back access is triggered earlier in the next
// round. The paper measures its trace, and its rounds are iterations; here the schedule's times are the
// trace, and a round is a simulation. (What swaps badly the paper recomputes: not this file's part.)
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "demand_pager.h"
#include "policies.h"
#include "swap_trials.h"

namespace octrain::advisor {
namespace {

constexpr PolicyOption kInTrigger{"in_trigger", 1, 0, 1,
                                  "swap in ahead of the back access; 0: at the back access"};
constexpr PolicyOption kFeedback{"feedback", 8, 0, 100, "rounds that trigger late swap-ins earlier"};
constexpr PolicyOption kStallPerByte{
    "stall_per_byte", 1, 0, 1,
    "what cannot be hidden goes by the stall for each byte saved; 0: by its stall"};
constexpr PolicyOption kOptions[] = {kInTrigger, kFeedback, kStallPerByte, kLeastShare, kLimitShare};

/// Both orders begin with what can be hidden; there free time counts (DOA), behind it the stall (DOA), or the
/// stall divided by the bytes (AOA).
Ranking rank_by_free_time(const std::vector<Candidate>& candidates, const SwapTrials& trials,
                          const Overload& overload, bool stall_per_byte) {
  Ranking ranking = rank(Score::doa, candidates, trials.table(), overload);
  if (!stall_per_byte) return ranking;
  const Ranking by_byte = rank(Score::aoa, candidates, trials.table(), overload);
  const auto hidden = std::count_if(candidates.begin(), candidates.end(),
                                    [](const Candidate& candidate) { return candidate.free_ns >= 0; });
  std::copy(by_byte.begin() + hidden, by_byte.end(), ranking.begin() + hidden);
  return ranking;
}

/// How long each op of the simulated iteration waited.
std::vector<std::uint64_t> waits(const Schedule& schedule, const Simulation& run) {
  std::vector<std::uint64_t> wait_ns;
  wait_ns.reserve(schedule.ops.size());
  std::uint64_t free_ns = 0;
  for (std::size_t op = 0; op < schedule.ops.size(); ++op) {
    wait_ns.push_back(run.op_start_ns[op] - free_ns);
    free_ns = run.op_start_ns[op] + schedule.ops[op].time_ns;
  }
  return wait_ns;
}

class Capuchin {
 public:
  explicit Capuchin(const PlanRequest& request) : request_(request), trials_(request) {}

  Plan best() {
    trials_.try_limits([&](std::uint64_t limit_bytes) {
      std::vector<std::size_t> gaps = choose(limit_bytes);
      if (!trials_.consider(absences(gaps, std::vector<std::uint64_t>(gaps.size(), 0)))) return false;
      gaps_ = std::move(gaps);
      run_ = trials_.last();
      return true;
    });
    if (request_.value(kInTrigger) != 0) feed_back();
    return trials_.take_best();
  }

 private:
  [[nodiscard]] std::vector<std::size_t> choose(std::uint64_t limit_bytes) const {
    Overload overload = trials_.overload(limit_bytes);
    const std::vector<Candidate> candidates = trials_.candidates(overload);
    const Ranking ranking =
        rank_by_free_time(candidates, trials_, overload, request_.value(kStallPerByte) != 0);
    return trials_.gaps_of(pick(ranking, candidates, trials_.table(), overload), candidates);
  }

  [[nodiscard]] std::vector<Absence> absences(const std::vector<std::size_t>& gaps,
                                              const std::vector<std::uint64_t>& ahead_ns) const {
    if (request_.value(kInTrigger) != 0) {
      return return_on_trigger(trials_.schedule(), trials_.table(), trials_.pace(), gaps, ahead_ns);
    }
    return return_at_need(trials_.table(), gaps);
  }

  /// The paper moves a trigger by a twentieth of the swap time a round; what its op waited gets there sooner.
  void feed_back() {
    std::vector<std::uint64_t> ahead_ns(gaps_.size(), 0);
    for (auto rounds = static_cast<int>(request_.value(kFeedback)); rounds > 0 && trials_.open(); --rounds) {
      const std::vector<Absence> before = absences(gaps_, ahead_ns);
      trigger_earlier(trials_.schedule(), trials_.table(), trials_.pace(), gaps_,
                      waits(trials_.schedule(), run_), ahead_ns);
      const std::vector<Absence> earlier = absences(gaps_, ahead_ns);
      if (earlier == before) break;
      trials_.consider(earlier);
      run_ = trials_.last();
    }
  }

  const PlanRequest& request_;
  SwapTrials trials_;
  std::vector<std::size_t> gaps_;  // the best choice without feedback
  Simulation run_;                 // of the last round
};

PlanResult plan_capuchin(const PlanRequest& request) {
  if (auto result = infeasible(request, "capuchin")) return *std::move(result);
  PlanResult result;
  result.policy = "capuchin";
  result.plan = Capuchin(request).best();
  return result;
}

}  // namespace

Policy capuchin_policy() {
  return {"capuchin", "absences with the most free time, in-triggers corrected by feedback (ASPLOS 2020)",
          plan_capuchin, kOptions};
}

}  // namespace octrain::advisor
