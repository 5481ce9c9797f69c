// FlashNeuron (Bae et al.: FlashNeuron: SSD-Enabled Large-Batch Training of Very Deep Neural Networks, FAST
// 2021), its offload scheduler: intermediate tensors alone move. The first phase takes them in the order of
// the forward pass until enough bytes are saved. If they take longer to travel than the forward pass to
// compute, the second phase chooses anew, and prefers what travels cheaply: in the paper what compresses
// well, here, where nothing is compressed, the largest, which save the same bytes with the fewest transfers.
// The backward pass prefetches as early as memory allows.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "demand_pager.h"
#include "policies.h"
#include "swap_trials.h"

namespace octrain::advisor {
namespace {

constexpr PolicyOption kSecondPhase{
    "second_phase", 1, 0, 1, "choose anew, the largest first, where transfers outlast the forward pass"};
constexpr PolicyOption kEarly{"early", 1, 0, 1,
                              "prefetch as early as memory allows; 0: at the op that needs the tensor"};
constexpr PolicyOption kOptions[] = {kSecondPhase, kEarly, kLeastShare, kLimitShare};

class FlashNeuron {
 public:
  explicit FlashNeuron(const PlanRequest& request) : request_(request), trials_(request) {}

  Plan best() {
    trials_.try_limits([&](std::uint64_t limit_bytes) { return try_limit(limit_bytes); });
    return trials_.take_best();
  }

 private:
  bool try_limit(std::uint64_t limit_bytes) {
    const Overload overload = trials_.overload(limit_bytes);
    std::vector<Candidate> candidates = trials_.candidates(overload);
    std::erase_if(candidates, [&](const Candidate& candidate) { return !intermediate(gap_of(candidate)); });
    std::stable_sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
      return gap_of(a).release < gap_of(b).release;
    });
    const std::vector<std::size_t> linear = select(candidates, overload);
    const bool better = consider(linear);
    if (request_.value(kSecondPhase) == 0 || travel_ns(linear) <= forward_ns()) return better;
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.bytes > b.bytes; });
    return consider(select(candidates, overload)) || better;
  }

  [[nodiscard]] const Gap& gap_of(const Candidate& candidate) const {
    return trials_.table().gaps[candidate.gap];
  }

  /// Made by the forward pass for the backward pass.
  [[nodiscard]] bool intermediate(const Gap& gap) const {
    const Role role = trials_.schedule().tensors[gap.tensor].role;
    const auto phase = [&](OpIndex op) { return trials_.schedule().ops[op].phase; };
    return (role == Role::activation || role == Role::workspace) && gap.kind == Gap::Kind::pause &&
           phase(gap.release) == Phase::forward && phase(gap.need) != Phase::forward;
  }

  /// In the order given.
  [[nodiscard]] std::vector<std::size_t> select(const std::vector<Candidate>& candidates,
                                                Overload overload) const {
    Ranking as_given(candidates.size());
    std::iota(as_given.begin(), as_given.end(), std::size_t{0});
    return trials_.gaps_of(pick(as_given, candidates, trials_.table(), overload), candidates);
  }

  [[nodiscard]] std::uint64_t travel_ns(const std::vector<std::size_t>& gaps) const {
    std::uint64_t sum_ns = 0;
    for (const std::size_t gap : gaps) {
      sum_ns += trials_.pace().out_ns(trials_.schedule().tensors[trials_.table().gaps[gap].tensor].bytes);
    }
    return sum_ns;
  }

  [[nodiscard]] std::uint64_t forward_ns() const {
    std::uint64_t sum_ns = 0;
    for (const Op& op : trials_.schedule().ops) sum_ns += op.phase == Phase::forward ? op.time_ns : 0;
    return sum_ns;
  }

  bool consider(const std::vector<std::size_t>& gaps) {
    return trials_.consider(request_.value(kEarly) != 0
                                ? return_as_early_as_possible(trials_.schedule(), trials_.table(), gaps)
                                : return_at_need(trials_.table(), gaps));
  }

  const PlanRequest& request_;
  SwapTrials trials_;
};

PlanResult plan_flashneuron(const PlanRequest& request) {
  if (auto result = infeasible(request, "flashneuron")) return *std::move(result);
  PlanResult result;
  result.policy = "flashneuron";
  result.plan = FlashNeuron(request).best();
  return result;
}

}  // namespace

Policy flashneuron_policy() {
  return {"flashneuron",
          "intermediate tensors in the order of the forward pass, prefetched early (FAST 2021)",
          plan_flashneuron, kOptions};
}

}  // namespace octrain::advisor
