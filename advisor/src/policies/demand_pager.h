// Paging on demand as a plan: operands are brought right before their op, victims leave in order of recency.
// The shared ground of `naive`, `lru`, `oc-caffe` and `deepum`.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "../operands.h"
#include "octrain/advisor/liveness.h"
#include "octrain/advisor/policy.h"

namespace octrain::advisor {

/// An infeasible result if the budget does not hold the largest op; nothing otherwise.
[[nodiscard]] std::optional<PlanResult> infeasible(const PlanRequest& request, std::string_view policy);

class DemandPager {
 public:
  /// What makes a tensor recent.
  enum class Recency { migration, use };
  /// Who allocates what an op writes without reading it: the plan beforehand, or the op as it starts.
  enum class Outputs { reserved, by_op };

  /// What becomes of the dead that have to leave.
  enum class Dead { evicted, discarded };

  DemandPager(const PlanRequest& request, Recency recency, Outputs outputs = Outputs::reserved,
              Dead dead = Dead::evicted);

  /// Forgets all iterations. `kept`, by tensor, leave only when no other can; empty: none.
  void restart(Recency recency, std::vector<bool> kept);

  /// Starts an iteration with the weights and states that the last one left resident, as far as op 0 has
  /// room.
  void begin_iteration();
  /// Brings the operands of `op` before it; must be called for every op, in order.
  void bring(OpIndex op);
  /// Brings the operands of `op` + 1 before `op` where both fit, so that they travel while `op` runs.
  void bring_ahead(OpIndex op);
  /// Brings one tensor before `before`, after bring(), if there is room; nothing leaves for it.
  bool bring_early(OpIndex before, TensorId tensor);
  /// Keeps the operands of the ops [first, last] from leaving, until the next call of this or bring().
  void pin(OpIndex first, OpIndex last);
  /// Brings the operands of a pinned op `op` before `before`, as far as what is not pinned has room for them.
  /// False: it has not.
  bool bring_op_early(OpIndex before, OpIndex op);
  void evict(OpIndex after, TensorId tensor);
  void discard(OpIndex after, TensorId tensor);
  /// Leaves resident only what the iteration started with, so that the plan can run again.
  void end_iteration();

  [[nodiscard]] bool resident(TensorId tensor) const { return stamps_[tensor] != kAbsent; }
  [[nodiscard]] const std::vector<Operand>& operands(OpIndex op) const { return operands_[op]; }
  [[nodiscard]] const Liveness& liveness() const { return liveness_; }
  [[nodiscard]] OpIndex op_count() const { return static_cast<OpIndex>(operands_.size()); }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] Plan take_plan() { return std::move(plan_); }

 private:
  void pin(OpIndex op);
  [[nodiscard]] std::uint64_t absent_bytes(OpIndex op) const;
  bool make_room(OpIndex before, std::uint64_t bytes);
  [[nodiscard]] std::optional<TensorId> victim() const;
  void prefetch(OpIndex before, TensorId tensor);
  void arrive(TensorId tensor);
  void touch(TensorId tensor);
  void leave(TensorId tensor);

  static constexpr std::uint64_t kAbsent = 0;
  static constexpr std::uint64_t kKept = std::uint64_t{1} << 63;  // in a stamp: later than all others

  const Schedule& schedule_;
  std::uint64_t budget_;
  Recency recency_;
  Outputs outputs_;
  std::vector<bool> kept_;
  Dead dead_;
  Liveness liveness_;
  std::vector<std::vector<Operand>> operands_;
  Plan plan_;
  std::uint64_t used_ = 0;
  std::uint64_t clock_ = kAbsent;
  std::vector<std::uint64_t> stamps_;  // by tensor: when it was last recent
  std::set<std::pair<std::uint64_t, TensorId>> by_stamp_;
  std::vector<std::uint64_t> pinned_;  // by tensor: the pin round that holds it
  std::uint64_t pin_round_ = 0;
  std::uint64_t pinned_bytes_ = 0;  // resident, of those
  std::vector<bool> starts_resident_;
};

/// Runs `iterate(pager)` until what stays resident across iterations has settled; answers the last
/// iteration's plan.
template <typename Iterate>
Plan settled_plan(DemandPager& pager, const Iterate& iterate) {
  constexpr int kPasses = 3;  // cold, warm, and once more from what the warm one leaves
  for (int pass = 0; pass < kPasses; ++pass) {
    pager.begin_iteration();
    iterate(pager);
    pager.end_iteration();
  }
  return pager.take_plan();
}

}  // namespace octrain::advisor
