// TFLMS, TensorFlow's large model support (Le et al., "Automatic GPU Memory Management for Large Neural
// Models in TensorFlow", ISMM 2019), version 1 by the order of ops and version 2 by their levels. It rewrites
// the graph with swap-out and swap-in ops, the latter triggered by control edges; here a swap-in is asked for
// at the boundary behind its trigger. Variables are not swapped.
//
// Version 2's parameters that are -1 are tuned as in the paper, by simulating memory alone: the largest
// threshold that keeps within a share of the budget, then the earliest swap-in, then the largest groups.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "directed_pager.h"
#include "policies.h"
#include "tflms_swaps.h"

namespace octrain::advisor {
namespace {

constexpr double kMost = 1e6;
constexpr PolicyOption kVersion{"version", 2, 1, 2, "1: by order of ops; 2: by level, tuned"};
constexpr PolicyOption kTensors{"n_tensors", -1, -1, kMost, "version 1: how many are swapped; -1: all"};
constexpr PolicyOption kLower{"lb", 1, 1, kMost, "version 1: ops by which a swap-in precedes its reader"};
constexpr PolicyOption kUpper{"ub", 10000, 1, kMost, "version 1: ops within which its trigger is looked for"};
constexpr PolicyOption kFuse{"fuse_swapins", 0, 0, 1, "version 1: one swap-in for all readers"};
constexpr PolicyOption kThreshold{"swapout_threshold", -1, -1, kMost,
                                  "version 2: more levels between writer and reader are swapped; -1: tuned"};
constexpr PolicyOption kAhead{"swapin_ahead", -1, -1, kMost,
                              "version 2: levels by which a swap-in precedes its reader; -1: tuned"};
constexpr PolicyOption kGroup{"swapin_groupby", -1, -1, kMost,
                              "version 2: readers within so many levels share a swap-in; -1: tuned"};
constexpr PolicyOption kShare{"memory_share", 0.9, 0.1, 1, "version 2: of the budget, that tuning fills"};
constexpr std::array kOptions{kVersion, kTensors, kLower, kUpper, kFuse, kThreshold, kAhead, kGroup, kShare};

/// Bytes on the device during each op, workspace included, when nothing is swapped.
std::vector<std::uint64_t> bytes_by_op(const Schedule& schedule, const Liveness& liveness) {
  std::vector<std::uint64_t> change(schedule.ops.size() + 1, 0);  // wraps below zero and back: sums are right
  const auto occupy = [&](std::size_t from, std::size_t to, std::uint64_t bytes) {
    change[from] += bytes;
    change[to] -= bytes;
  };
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const std::uint64_t bytes = schedule.tensors[tensor].bytes;
    const auto& accesses = liveness.accesses(tensor);
    if (outlives_iteration(schedule.tensors[tensor].role)) {
      if (!accesses.empty()) occupy(0, schedule.ops.size(), bytes);
      continue;
    }
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      const bool stays = liveness.live_after(tensor, accesses[i].op);
      occupy(accesses[i].op, stays ? accesses[i + 1].op : accesses[i].op + std::size_t{1}, bytes);
    }
  }
  std::vector<std::uint64_t> result;
  std::uint64_t tensors = 0;
  for (std::size_t op = 0; op < schedule.ops.size(); ++op) {
    tensors += change[op];
    result.push_back(tensors + schedule.ops[op].workspace_bytes);
  }
  return result;
}

class Tuner {
 public:
  Tuner(const PlanRequest& request, const Liveness& liveness)
      : schedule_(request.schedule),
        liveness_(liveness),
        flow_(request.schedule),
        unswapped_(bytes_by_op(request.schedule, liveness)),
        limit_(
            static_cast<std::uint64_t>(request.value(kShare) * static_cast<double>(request.budget_bytes))) {}

  std::vector<TensorSwap> by_order(const TflmsByOrder& rule) {
    return list_swaps(schedule_, liveness_, flow_, rule);
  }

  std::vector<TensorSwap> by_level(const PlanRequest& request) const {
    TflmsByLevel rule;
    const auto settle = [&](const PolicyOption& option, std::uint64_t least,
                            std::uint64_t TflmsByLevel::*field) {
      const double given = request.value(option);
      rule.*field = given >= 0 ? static_cast<std::uint64_t>(given) : largest(rule, least, field);
    };
    // Those that come later are at their thriftiest while one is tuned.
    settle(kThreshold, 0, &TflmsByLevel::threshold);
    settle(kAhead, 1, &TflmsByLevel::ahead);
    settle(kGroup, 0, &TflmsByLevel::group_by);
    return list_swaps(schedule_, liveness_, flow_, rule);
  }

 private:
  /// The largest value with which memory suffices; the least if none does.
  [[nodiscard]] std::uint64_t largest(TflmsByLevel rule, std::uint64_t least,
                                      std::uint64_t TflmsByLevel::*field) const {
    std::uint64_t fits = least;
    std::uint64_t too_large = std::max(least, flow_.highest_level()) + 1;
    while (too_large - fits > 1) {
      const std::uint64_t middle = (fits + too_large) / 2;
      rule.*field = middle;
      (suffices(rule) ? fits : too_large) = middle;
    }
    return fits;
  }

  [[nodiscard]] bool suffices(const TflmsByLevel& rule) const {
    std::vector<std::uint64_t> change(unswapped_.size() + 1, 0);
    for (const TensorSwap& swap : list_swaps(schedule_, liveness_, flow_, rule)) {
      change[swap.out + 1] += schedule_.tensors[swap.tensor].bytes;
      change[swap.trigger + 1] -= schedule_.tensors[swap.tensor].bytes;
    }
    std::uint64_t absent = 0;
    for (std::size_t op = 0; op < unswapped_.size(); ++op) {
      absent += change[op];
      if (unswapped_[op] - absent > limit_) return false;
    }
    return true;
  }

  const Schedule& schedule_;
  const Liveness& liveness_;
  Dataflow flow_;
  std::vector<std::uint64_t> unswapped_;
  std::uint64_t limit_;
};

TflmsByOrder order_rule(const PlanRequest& request) {
  TflmsByOrder rule;
  const double tensors = request.value(kTensors);
  if (tensors >= 0) rule.tensor_count = static_cast<std::uint64_t>(tensors);
  rule.lower_bound = static_cast<std::uint64_t>(request.value(kLower));
  rule.upper_bound = static_cast<std::uint64_t>(request.value(kUpper));
  rule.fuses_readers = request.value(kFuse) != 0;
  return rule;
}

PlanResult plan_tflms(const PlanRequest& request) {
  if (auto result = infeasible(request, "tflms")) return *std::move(result);
  DirectedPager pager(request);
  Tuner tuner(request, pager.liveness());
  const bool by_order = request.value(kVersion) < 2;
  Direction direction;
  for (const TensorSwap& swap : by_order ? tuner.by_order(order_rule(request)) : tuner.by_level(request)) {
    direction.wishes.push_back({Wish::Kind::evict, swap.out, swap.tensor});
    direction.wishes.push_back({Wish::Kind::prefetch, swap.trigger + 1, swap.tensor});
  }
  direction.kept = persistent_tensors(request.schedule);
  PlanResult result;
  result.policy = "tflms";
  result.plan = pager.plan(direction);
  return result;
}

}  // namespace

Policy tflms_policy() {
  return {"tflms", "swaps what is read levels after it was made, tuned to the budget (TFLMS, ISMM 2019)",
          plan_tflms, kOptions};
}

}  // namespace octrain::advisor
