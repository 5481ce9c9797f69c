#include "furthest_next_use.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace octrain::advisor {
namespace {

class Replay {
 public:
  Replay(const Schedule& schedule, const std::vector<std::vector<Operand>>& operands,
         std::uint64_t budget_bytes, GapTable& table)
      : schedule_(schedule),
        operands_(operands),
        budget_(budget_bytes),
        table_(table),
        states_(schedule.tensors.size()) {}

  /// One iteration from what the last one left on the device.
  void iterate() {
    for (State& state : states_) state.uses = 0;
    for (Gap& gap : table_.gaps) gap.absent = gap.kind == Gap::Kind::birth || !gap.live;
    for (OpIndex op = 0; op < operands_.size(); ++op) {
      std::uint64_t need = schedule_.ops[op].workspace_bytes;
      for (const Operand& operand : operands_[op]) {
        need += schedule_.tensors[operand.tensor].bytes;
        if (states_[operand.tensor].resident) {
          leave(operand.tensor);
        } else {
          table_.gaps[gap_before(operand.tensor)].absent = true;
        }
      }
      const std::uint64_t limit = std::max(budget_, need);
      while (used_ + need > limit) evict(std::get<TensorId>(*by_next_use_.rbegin()));
      for (const Operand& operand : operands_[op]) use(operand);
    }
    base_ += operands_.size();
  }

 private:
  struct State {
    bool resident = false;
    bool dirty = false;
    std::size_t uses = 0;        // in this iteration
    std::size_t gap = 0;         // resident: the gap it is in
    std::uint64_t next_use = 0;  // resident: counted from the first iteration's first op
  };
  using Key = std::tuple<std::uint64_t, bool, TensorId>;  // next use; among equals the clean leave first

  [[nodiscard]] Key key(TensorId tensor) const {
    return {states_[tensor].next_use, !states_[tensor].dirty, tensor};
  }

  [[nodiscard]] bool born_anew(TensorId tensor) const {
    return table_.gaps[table_.first[tensor]].kind == Gap::Kind::birth;
  }

  /// The gap that ends with the tensor's next use of this iteration.
  [[nodiscard]] std::size_t gap_before(TensorId tensor) const {
    const std::size_t uses = states_[tensor].uses;
    if (born_anew(tensor)) return table_.first[tensor] + uses;
    return uses == 0 ? table_.first[tensor + 1] - 1 : table_.first[tensor] + uses - 1;
  }

  void use(const Operand& operand) {
    const TensorId tensor = operand.tensor;
    State& state = states_[tensor];
    state.dirty = state.dirty || operand.writes;
    const std::size_t next = table_.first[tensor] + state.uses + (born_anew(tensor) ? 1 : 0);
    ++state.uses;
    if (next == table_.first[tensor + 1] || !table_.gaps[next].live) {
      state.dirty = false;
      return;
    }
    const bool wraps = table_.gaps[next].kind == Gap::Kind::wrap;
    state.gap = next;
    state.next_use = base_ + table_.gaps[next].need + (wraps ? operands_.size() : 0);
    state.resident = true;
    by_next_use_.insert(key(tensor));
    used_ += schedule_.tensors[tensor].bytes;
  }

  void leave(TensorId tensor) {
    by_next_use_.erase(key(tensor));
    states_[tensor].resident = false;
    used_ -= schedule_.tensors[tensor].bytes;
  }

  void evict(TensorId tensor) {
    table_.gaps[states_[tensor].gap].absent = true;
    leave(tensor);
    states_[tensor].dirty = false;
  }

  const Schedule& schedule_;
  const std::vector<std::vector<Operand>>& operands_;
  std::uint64_t budget_;
  GapTable& table_;
  std::vector<State> states_;
  std::set<Key> by_next_use_;  // the resident that the current op does not use
  std::uint64_t used_ = 0;     // their bytes
  std::uint64_t base_ = 0;     // this iteration's first op, counted likewise
};

}  // namespace

void choose_absences(const Schedule& schedule, const std::vector<std::vector<Operand>>& operands,
                     std::uint64_t budget_bytes, GapTable& table) {
  Replay replay(schedule, operands, budget_bytes, table);
  // A wrap gap is absent if it is cut at either end, so the last two passes must agree on what stays: the
  // first is cold, the second settles, the third is the answer.
  constexpr int kPasses = 3;
  for (int pass = 0; pass < kPasses; ++pass) replay.iterate();
}

}  // namespace octrain::advisor
