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
#include "occupancy.h"
#include "octrain/advisor/policy.h"

namespace octrain::advisor {

struct Wish {
  enum class Kind {
    evict,  ///< after `op`; contents that nobody reads later are discarded instead
    /// Before `op`, if all ops up to the one that needs it have room beside it. Else it waits for an op where
    /// that is so, those needed first at the head; at the latest it comes with the op that needs it. Nothing
    /// leaves to make room for it before.
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
  void project();
  void begin_iteration();
  void iterate(bool discards_dead);
  void bring(OpIndex op);
  void ask_for(OpIndex before, TensorId tensor);
  void bring_waiting(OpIndex before);
  void let_go(OpIndex after, TensorId tensor);
  [[nodiscard]] OpIndex stays_until(TensorId tensor, OpIndex from, std::uint64_t next_use) const;
  void note_departures();

  const Schedule& schedule_;
  std::uint64_t budget_;
  DemandPager pager_;
  std::vector<std::vector<TensorId>> prefetches_;         // by the op before which
  std::vector<std::vector<TensorId>> evictions_;          // by the op after which
  std::set<std::pair<std::uint64_t, TensorId>> waiting_;  // asked for, by the op that needs it
  std::vector<std::vector<OpIndex>> eviction_ops_;        // by tensor, sorted
  // What each op will find on the device, itself included, if from here on all goes as wished.
  std::vector<std::uint64_t> wished_bytes_;  // with all weights and states there at the start
  Occupancy projected_{{}};
  // By tensor: the first op that is not to find it, unless it needs it.
  std::vector<OpIndex> projected_until_;
  std::size_t noted_ = 0;  // actions of the plan
};

}  // namespace octrain::advisor
