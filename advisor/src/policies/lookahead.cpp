// The default policy. The whole cyclic schedule is known, so:
//   1. who is absent when: furthest next use at op grain, with liveness (choose_absences, keep_what_fits);
//   2. what leaves does so right after its last use before the gap, the dead are discarded at once;
//   3. what comes back is issued as early as there is room, in the order of need (hoist).
// A device filled to the last byte leaves no slack for transfers to overlap with, and how much slack pays
// depends on the link. So step 1 runs for several shares of the budget, and the simulator decides.
#include <algorithm>
#include <array>
#include <optional>

#include "demand_pager.h"
#include "furthest_next_use.h"
#include "gap_plan.h"
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
        dead_(dead_after_ops(operands_, liveness_)),
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
    mark_dirty(liveness_, request_.machine, table_);
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
    return gap_plan(table_, hoist(request_.schedule, liveness_, request_.machine, table_, options), dead_);
  }

  const PlanRequest& request_;
  Liveness liveness_;
  std::vector<std::vector<Operand>> operands_;
  DeadByOp dead_;
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
