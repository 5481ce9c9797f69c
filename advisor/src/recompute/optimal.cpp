// The least time in which everything fits on the device. A pass of few values is searched exhaustively; a
// larger one is contracted to a chain of stages, whose best course is computed. Where another method does
// better than that chain, its answer stands.
#include <algorithm>
#include <utility>

#include "chain.h"
#include "exact.h"
#include "methods.h"
#include "octrain/advisor/bounds.h"
#include "op_cost.h"
#include "pass_window.h"

namespace octrain::advisor {
namespace {

constexpr std::size_t kMostStages = 64;
constexpr std::size_t kSlots = 400;
constexpr std::size_t kMostPasses = 256;

/// A chain's course takes time with the third power of its stages; more passes than these share what they
/// take.
constexpr std::size_t kPassesInFull = 16;

std::size_t stages_for(std::size_t passes) {
  constexpr std::size_t kWork = kMostStages * kMostStages * kMostStages * kPassesInFull;
  std::size_t stages = kMostStages;
  while (stages * stages * stages * passes > kWork) --stages;
  return stages;
}

const std::vector<PolicyOption>& optimal_options() {
  static const std::vector<PolicyOption> options = {
      {"dear_ratio", 6, 0, 1e6,
       "a stage may save the results of such ops alone: that take this many times as long for a byte written "
       "as "
       "the fastest ops for a byte moved"},
  };
  return options;
}

/// From the many that a stage may save to none.
std::vector<std::vector<bool>> levels(const Lineage& lineage, double dear_ratio) {
  std::vector<std::vector<bool>> dear;
  for (const double factor : {0.5, 1.0, 2.0}) dear.push_back(dear_ops(lineage, dear_ratio * factor));
  dear.emplace_back(lineage.reads.size(), false);
  return dear;
}

/// Missing bytes first, then time.
using Score = std::pair<std::uint64_t, std::uint64_t>;

class Optimal {
 public:
  Optimal(const PlanRequest& request, const TensorSet& may_drop)
      : request_(request),
        schedule_(request.schedule),
        lineage_(request.schedule),
        values_(lineage_, may_drop),
        fixed_(lineage_, values_.drop, values_.drop),
        dear_(levels(lineage_, request.value(optimal_options()[0]))) {}

  std::vector<Rerun> reruns() {
    const std::vector<std::uint64_t> live = live_bytes(schedule_);
    const Liveness liveness(schedule_);
    std::vector<Pass> full;
    for (const Pass& pass : values_.passes) {
      const auto most = std::max_element(live.begin() + pass.first, live.begin() + pass.end);
      if (*most > request_.budget_bytes && full.size() < kMostPasses) full.push_back(pass);
    }
    std::vector<Rerun> all;
    for (const Pass& pass : full) {
      const PassWindow window(schedule_, liveness, live, pass);
      const std::vector<Rerun> part = reruns_of(pass, window, stages_for(full.size()));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  [[nodiscard]] Score score(const std::vector<Rerun>& reruns) const {
    std::uint64_t ns = 0;
    for (const Rerun& rerun : reruns) ns += schedule_.ops[rerun.op].time_ns;
    const std::uint64_t peak = peak_live_bytes(expand(schedule_, reruns).schedule);
    return {peak - std::min(peak, request_.budget_bytes), ns};
  }

 private:
  std::vector<Rerun> reruns_of(const Pass& pass, const PassWindow& window, std::size_t most_stages) const {
    const ExactSearch exact(values_, pass);
    if (exact.possible()) {
      if (auto found = exact.search(request_.budget_bytes)) return *std::move(found);
    }
    const std::vector<Cut> cuts = choose_cuts(list_cuts(values_, pass), most_stages - 1);
    const std::vector<Stage> stages = list_stages(values_, fixed_, pass, cuts, dear_);
    const std::uint64_t all_bytes = window.peak_bytes({});
    // The chain counts generously: the best course that fits may be one that it takes to be larger.
    for (double bytes = 1.25 * static_cast<double>(request_.budget_bytes) + 1;; bytes *= 1.6) {
      const bool all = bytes >= static_cast<double>(all_bytes);
      const ChainPlan plan(stages, all ? all_bytes : static_cast<std::uint64_t>(bytes), kSlots);
      std::vector<Rerun> course = plan.reruns(plan.slots());
      const bool feasible = plan.feasible(plan.slots());
      if (!all && (!feasible || fits(course, window))) continue;
      return feasible ? largest_that_fits(plan, window) : course;
    }
  }

  [[nodiscard]] static std::size_t least_room(const ChainPlan& plan) {
    std::size_t room = 0;
    while (room < plan.slots() && !plan.feasible(room)) ++room;
    return room;
  }

  [[nodiscard]] bool fits(const std::vector<Rerun>& reruns, const PassWindow& window) const {
    return window.peak_bytes(reruns) <= request_.budget_bytes;
  }

  /// The cheapest course that fits, or else the smallest.
  [[nodiscard]] std::vector<Rerun> largest_that_fits(const ChainPlan& plan, const PassWindow& window) const {
    std::size_t low = least_room(plan), high = plan.slots();
    std::vector<Rerun> best = plan.reruns(low);
    if (!fits(best, window)) return best;
    while (low < high) {
      const std::size_t middle = low + (high - low + 1) / 2;
      std::vector<Rerun> reruns = plan.reruns(middle);
      if (fits(reruns, window)) {
        low = middle;
        best = std::move(reruns);
      } else {
        high = middle - 1;
      }
    }
    return best;
  }

  const PlanRequest& request_;
  const Schedule& schedule_;
  Lineage lineage_;
  PassValues values_;
  FixedBytes fixed_;
  std::vector<std::vector<bool>> dear_;
};

std::vector<Rerun> choose(const PlanRequest& request, const TensorSet& may_drop) {
  Optimal optimal(request, may_drop);
  std::vector<Rerun> best;
  Score least = optimal.score(best);
  const auto consider = [&](std::vector<Rerun> reruns) {
    const Score score = optimal.score(reruns);
    if (score >= least) return;
    least = score;
    best = std::move(reruns);
  };
  consider(optimal.reruns());
  for (const RecomputeMethod& method : {speed_method(), cost_method(), sqrt_method()})
    consider(method.choose(request, may_drop));
  return best;
}

}  // namespace

RecomputeMethod optimal_method() {
  return {"optimal",
          "the least time within the budget without transfers (exact if small, else a chain's optimum)",
          optimal_options(), choose};
}

}  // namespace octrain::advisor
