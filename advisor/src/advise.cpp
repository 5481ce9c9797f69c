// The joint search. Swapping is a policy's affair once it is settled which ops run twice, so the search is
// over sets of reruns: those of the methods first, then subsets of the candidates, the most profitable first,
// in ever smaller portions.
#include "octrain/advisor/advise.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "octrain/advisor/recompute.h"
#include "octrain/advisor/share.h"
#include "share/lives.h"

namespace octrain::advisor {
namespace {

constexpr std::string_view kNone = "none";
constexpr std::string_view kAuto = "auto";
constexpr std::string_view kQuickPlanner = "lookahead";
/// A plan this close to the ops alone is not worth a search.
constexpr double kIdealEnough = 0.0005;

class Search {
 public:
  explicit Search(const AdviceRequest& request)
      : request_(request), steps_left_(request.search_steps), ideal_ns_(total_ns(request.schedule)) {}

  Advice best() {
    const Policy& policy = *find_policy(request_.policy);
    if (request_.recompute != kAuto && request_.recompute != kNone) {
      const RecomputeMethod& method = *find_recompute_method(request_.recompute);
      consider(reruns_of(method, everything()), policy, method.name);
      return finish();
    }
    consider({}, policy, kNone);
    if (request_.recompute == kNone || !best_.feasible() || ideal_enough()) return finish();
    try_methods();
    try_subsets();
    polish();
    return finish();
  }

 private:
  struct Found {
    std::vector<Rerun> reruns;
    Plan plan;  // of the expanded schedule
    std::string policy, recompute;
    std::uint64_t shortfall_bytes = 0;
    std::uint64_t total_ns = 0, moved_bytes = 0;
    [[nodiscard]] bool feasible() const { return shortfall_bytes == 0; }
  };

  [[nodiscard]] PlanRequest plan_request(const Schedule& schedule) const {
    return {schedule, request_.machine, request_.budget_bytes, request_.options};
  }

  [[nodiscard]] TensorSet everything() const { return TensorSet(request_.schedule.tensors.size(), true); }

  [[nodiscard]] std::vector<Rerun> reruns_of(const RecomputeMethod& method, const TensorSet& may_drop) const {
    return method.choose(plan_request(request_.schedule), may_drop);
  }

  /// Plans with these reruns, and keeps the result if it is the best so far. True if it is.
  bool consider(std::vector<Rerun> reruns, const Policy& policy, std::string_view name) {
    const ExpandedSchedule expanded = expand(request_.schedule, reruns);
    // Planning simulates too; a search is bounded by what it costs in all.
    constexpr std::uint64_t kSimulationsASet = 2, kSimulationsAPlan = 10;
    spend(kSimulationsASet * expanded.schedule.ops.size());
    if (!none_yet_ && best_.feasible() && total_ns(expanded.schedule) > best_.total_ns) return false;
    spend(kSimulationsAPlan * expanded.schedule.ops.size());
    PlanResult planned = policy.make_plan(plan_request(expanded.schedule));
    Found found{std::move(reruns),
                std::move(planned.plan),
                std::move(planned.policy),
                std::string(name),
                planned.shortfall_bytes,
                0,
                0};
    if (found.feasible()) {
      if (share_.shares()) found.plan = discard_at_death(expanded.schedule, found.plan).plan;
      const Simulation run = simulate(expanded.schedule, found.plan, request_.machine, request_.budget_bytes);
      found.total_ns = run.total_ns;
      found.moved_bytes = run.in_bytes + run.out_bytes;
    }
    if (!none_yet_ && !better(found, best_)) return false;
    none_yet_ = false;
    best_ = std::move(found);
    return true;
  }

  void spend(std::uint64_t steps) { steps_left_ -= std::min(steps_left_, steps); }

  /// Of the ops alone: no plan is faster.
  [[nodiscard]] static std::uint64_t total_ns(const Schedule& schedule) {
    std::uint64_t sum_ns = 0;
    for (const Op& op : schedule.ops) sum_ns += op.time_ns;
    return sum_ns;
  }

  [[nodiscard]] static bool better(const Found& a, const Found& b) {
    if (a.feasible() != b.feasible()) return a.feasible();
    if (!a.feasible()) return a.shortfall_bytes < b.shortfall_bytes;
    return std::pair(a.total_ns, a.moved_bytes) < std::pair(b.total_ns, b.moved_bytes);
  }

  [[nodiscard]] bool ideal_enough() const {
    return static_cast<double>(best_.total_ns) <= static_cast<double>(ideal_ns_) * (1 + kIdealEnough);
  }

  /// Who plans while the search goes on: one that is quick, unless another was asked for.
  [[nodiscard]] const Policy& planner() const {
    return *find_policy(request_.policy == kAuto ? kQuickPlanner : std::string_view(request_.policy));
  }

  /// With the best set of reruns, every policy.
  void polish() {
    if (request_.policy != kAuto || best_.reruns.empty()) return;
    const std::string name = best_.recompute;
    for (const Policy& policy : policies()) {
      if (policy.name != best_.policy) consider(std::vector(best_.reruns), policy, name);
    }
  }

  void try_methods() {
    for (const RecomputeMethod& method : recompute_methods()) {
      if (method.name == kNone) continue;
      std::vector<Rerun> reruns = reruns_of(method, everything());
      if (!reruns.empty()) consider(std::move(reruns), planner(), method.name);
    }
  }

  /// The tensors that could be dropped, the most profitable first, under each method that takes a part of
  /// them: first the best so many, then portions put in or taken out as long as that helps, in ever smaller
  /// portions.
  void try_subsets() {
    std::vector<TensorId> order;
    for (const RecomputeCandidate& candidate : recompute_candidates(request_.schedule))
      order.push_back(candidate.tensor);
    if (order.empty()) return;
    TensorSet best_set(request_.schedule.tensors.size(), false);
    const auto attempt = [&](const TensorSet& set) {
      bool gained = false;
      for (const std::string_view name : {"speed", "memory"}) {
        if (steps_left_ == 0) break;
        if (consider(reruns_of(*find_recompute_method(name), set), planner(), "mixed")) gained = true;
      }
      if (gained) best_set = set;
      return gained;
    };
    constexpr std::size_t kPortions = 8;
    TensorSet set = best_set;
    for (std::size_t portion = 0; portion < kPortions; ++portion) {
      for (std::size_t i = order.size() * portion / kPortions; i < order.size() * (portion + 1) / kPortions;
           ++i)
        set[order[i]] = true;
      attempt(set);
    }
    for (std::size_t size = std::max<std::size_t>(1, order.size() / kPortions); steps_left_ > 0; size /= 2) {
      for (std::size_t first = 0; first < order.size() && steps_left_ > 0; first += size) {
        TensorSet flipped = best_set;
        for (std::size_t i = first; i < std::min(first + size, order.size()); ++i) flipped[order[i]].flip();
        attempt(flipped);
      }
      if (size == 1) break;
    }
  }

  Advice finish() {
    Advice advice;
    advice.policy = best_.policy;
    advice.recompute = best_.reruns.empty() ? kNone : best_.recompute;
    advice.shortfall_bytes = best_.shortfall_bytes;
    if (!best_.feasible()) return advice;
    Placements placed =
        place_tensors(request_.schedule, fold(best_.plan, expand(request_.schedule, best_.reruns)),
                      request_.machine, share_);
    advice.plan = std::move(placed.plan);
    advice.arena_bytes = placed.arena_bytes;
    advice.prediction = simulate(request_.schedule, advice.plan, request_.machine, request_.budget_bytes);
    return advice;
  }

  const AdviceRequest& request_;
  const ShareMethod& share_ = *find_share_method(request_.share);
  std::uint64_t steps_left_;
  std::uint64_t ideal_ns_;
  Found best_;
  bool none_yet_ = true;
};

}  // namespace

Advice advise(const AdviceRequest& request) { return Search(request).best(); }

}  // namespace octrain::advisor
