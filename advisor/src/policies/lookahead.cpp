// The default policy. The whole cyclic schedule is known, so:
//   1. who is absent when: furthest next use at op grain, with liveness (choose_absences, keep_what_fits);
//   2. what leaves does so right after its last use before the gap, the dead are discarded at once;
//   3. what comes back is issued as early as there is room, in the order of need (hoist).
// A device filled to the last byte leaves no slack for transfers to overlap with, and how much slack pays
// depends on the link. So step 1 runs for several shares of the budget, and the simulator decides.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "demand_pager.h"
#include "furthest_next_use.h"
#include "gaps.h"
#include "hoist.h"
#include "octrain/advisor/simulate.h"
#include "policies.h"

namespace octrain::advisor {
namespace {

constexpr std::array kBudgetShares = {1.0, 0.95, 0.9, 0.8, 0.7};
/// A smaller share moves more bytes; it must be faster by this part to be worth them.
constexpr double kWorthwhile = 0.001;

class Lookahead {
 public:
  explicit Lookahead(const PlanRequest& request)
      : request_(request),
        liveness_(request.schedule),
        operands_(operands_by_op(request.schedule)),
        table_(list_gaps(request.schedule, liveness_)) {}

  Plan best() {
    for (const double share : kBudgetShares) {
      const auto bytes = static_cast<std::uint64_t>(share * static_cast<double>(request_.budget_bytes));
      choose(std::min(bytes, request_.budget_bytes));
      for (const bool reserves : {true, false}) {
        consider(write_plan({request_.budget_bytes, reserves}));
        if (best_->stall_ns == 0) return std::move(plan_);
      }
    }
    return std::move(plan_);
  }

 private:
  void choose(std::uint64_t budget_bytes) {
    choose_absences(request_.schedule, operands_, budget_bytes, table_);
    keep_what_fits(request_.schedule, liveness_, table_, budget_bytes);
    mark_dirty(liveness_, table_);
  }

  void consider(Plan plan) {
    Simulation run = simulate(request_.schedule, plan, request_.machine, request_.budget_bytes);
    if (best_ && !better(run, *best_)) return;
    best_ = std::move(run);
    plan_ = std::move(plan);
  }

  [[nodiscard]] static bool better(const Simulation& run, const Simulation& than) {
    const auto bytes = [](const Simulation& s) { return s.in_bytes + s.out_bytes; };
    if (bytes(run) <= bytes(than)) return run.total_ns < than.total_ns;
    return static_cast<double>(run.total_ns) < static_cast<double>(than.total_ns) * (1 - kWorthwhile);
  }

  [[nodiscard]] Plan write_plan(const HoistOptions& options) const {
    const std::size_t op_count = operands_.size();
    std::vector<std::vector<Action>> before(op_count);
    std::vector<std::vector<Action>> after(op_count);
    add_stays(before);
    for (const Arrival& arrival : hoist(request_.schedule, liveness_, request_.machine, table_, options)) {
      before[arrival.before].push_back({ActionKind::prefetch, arrival.before, arrival.tensor});
    }
    add_discards(after);
    add_evicts(after);
    Plan plan;
    for (std::size_t op = 0; op < op_count; ++op) {
      plan.actions.insert(plan.actions.end(), before[op].begin(), before[op].end());
      plan.actions.insert(plan.actions.end(), after[op].begin(), after[op].end());
    }
    return plan;
  }

  /// What stays across iterations: transfers before the first one's op 0, in the order of need; touches ever
  /// after.
  void add_stays(std::vector<std::vector<Action>>& before) const {
    std::vector<std::pair<OpIndex, TensorId>> stays;
    for (const Gap& gap : table_.gaps) {
      if (gap.kind == Gap::Kind::wrap && !gap.absent) stays.emplace_back(gap.need, gap.tensor);
    }
    std::sort(stays.begin(), stays.end());
    for (const auto& [need, tensor] : stays) before[0].push_back({ActionKind::prefetch, 0, tensor});
  }

  void add_discards(std::vector<std::vector<Action>>& after) const {
    for (OpIndex op = 0; op < operands_.size(); ++op) {
      for (const Operand& operand : operands_[op]) {
        if (liveness_.live_after(operand.tensor, op)) continue;
        after[op].push_back({ActionKind::discard, op, operand.tensor});
      }
    }
  }

  void add_evicts(std::vector<std::vector<Action>>& after) const {
    for (const Gap& gap : table_.gaps) {
      const bool leaves = gap.absent && gap.live && gap.kind != Gap::Kind::birth;
      if (leaves) after[gap.release].push_back({ActionKind::evict, gap.release, gap.tensor});
    }
  }

  const PlanRequest& request_;
  Liveness liveness_;
  std::vector<std::vector<Operand>> operands_;
  GapTable table_;
  Plan plan_;
  std::optional<Simulation> best_;
};

PlanResult plan_lookahead(const PlanRequest& request) {
  if (auto result = infeasible(request, "lookahead")) return *std::move(result);
  PlanResult result;
  result.policy = "lookahead";
  result.plan = Lookahead(request).best();
  return result;
}

}  // namespace

Policy lookahead_policy() {
  return {"lookahead", "furthest next use over the cyclic schedule, liveness, early prefetch (Belady)",
          plan_lookahead};
}

}  // namespace octrain::advisor
