// Turns what a published swap method wishes into a plan that holds its budget.
//
// Such a method says which tensor should leave after which op and come back before which; that the rest fits
// is not its concern. Here the schedule is replayed in order with an account of what is resident: wishes are
// carried out as far as there is room, and where an op does not fit its operands make room on demand.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "demand_pager.h"
#include "octrain/advisor/policy.h"

namespace octrain::advisor {

struct Wish {
  enum class Kind {
    evict,  ///< after `op`; contents that nobody reads later are discarded instead
    /// Before `op`, if there is room or if room can be made by what is needed later than this tensor. Else it
    /// waits, those needed first at the head, for room at a later op, at the latest for the op that needs it.
    prefetch,
  };
  Kind kind = Kind::evict;
  OpIndex op = 0;
  TensorId tensor = 0;
  friend bool operator==(const Wish&, const Wish&) = default;
};

struct Direction {
  std::vector<Wish> wishes;  ///< in any order; the evictions of one op leave in this order
  /// By tensor: leaves on demand only when nothing else can. Kept weights and states so stay on the device
  /// across iterations, as far as the largest op lets them. Empty: none is kept.
  std::vector<bool> kept{};
  bool discards_dead = true;  ///< after their last use; otherwise they leave like the living
  DemandPager::Recency recency = DemandPager::Recency::use;  ///< who leaves first when an op does not fit
};

/// The weights and states: what most methods keep on the device.
[[nodiscard]] std::vector<bool> persistent_tensors(const Schedule& schedule);

class DirectedPager {
 public:
  /// The budget must hold the largest op (see infeasible()).
  explicit DirectedPager(const PlanRequest& request);

  /// A valid plan; n log n in operands and wishes. May be asked for many directions.
  [[nodiscard]] Plan plan(const Direction& direction);

  [[nodiscard]] const Liveness& liveness() const { return pager_.liveness(); }
  [[nodiscard]] const std::vector<Operand>& operands(OpIndex op) const { return pager_.operands(op); }
  [[nodiscard]] OpIndex op_count() const { return pager_.op_count(); }

 private:
  void sort_wishes(const Direction& direction);
  void iterate(bool discards_dead);
  void ask_for(OpIndex before, TensorId tensor);
  void bring_waiting(OpIndex before);
  void let_go(OpIndex after, TensorId tensor);

  DemandPager pager_;
  std::vector<std::vector<TensorId>> prefetches_;         // by the op before which
  std::vector<std::vector<TensorId>> evictions_;          // by the op after which
  std::set<std::pair<std::uint64_t, TensorId>> waiting_;  // asked for, by the op that needs it
};

}  // namespace octrain::advisor
