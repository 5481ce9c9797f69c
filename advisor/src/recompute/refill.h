// Makes dropped values again when somebody needs them.
#pragma once

#include <utility>
#include <vector>

#include "lineage.h"

namespace octrain::advisor {

class Refill {
 public:
  /// `dropped` by value: gone after its last early use. The rest is at hand for as long as anyone needs it.
  Refill(const Lineage& lineage, const std::vector<bool>& dropped)
      : lineage_(lineage), dropped_(dropped), held_(dropped.size(), false) {}

  /// Makes `value` before `op` unless it is at hand, and first what that takes.
  void want(ValueId value, OpIndex op);
  void hold(ValueId value) { held_[value] = true; }
  void let_go(ValueId value) { held_[value] = false; }
  [[nodiscard]] bool at_hand(ValueId value, OpIndex op) const {
    return !dropped_[value] || held_[value] || op <= lineage_.values[value].last_early;
  }
  /// The values made again since the last call.
  [[nodiscard]] std::vector<ValueId> take_made() { return std::exchange(made_, {}); }
  [[nodiscard]] std::vector<Rerun> take_reruns() { return std::exchange(reruns_, {}); }

 private:
  void run(OpIndex op, OpIndex before);

  const Lineage& lineage_;
  const std::vector<bool>& dropped_;
  std::vector<bool> held_;
  std::vector<ValueId> made_;
  std::vector<Rerun> reruns_;
};

/// Reruns that give each late reader what it finds dropped, as late as they may. What `stays` by value is
/// kept from then on; the rest is dropped again unless the very next op reads it too.
[[nodiscard]] std::vector<Rerun> rerun_on_demand(const Lineage& lineage, const std::vector<bool>& dropped,
                                                 const std::vector<bool>& stays);

}  // namespace octrain::advisor
