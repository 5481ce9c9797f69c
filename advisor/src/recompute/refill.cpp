#include "refill.h"

#include <algorithm>

namespace octrain::advisor {

void Refill::want(ValueId value, OpIndex op) {
  if (at_hand(value, op)) return;
  std::vector<ValueId> wanted = {value};
  while (!wanted.empty()) {
    const ValueId top = wanted.back();
    if (at_hand(top, op)) {
      wanted.pop_back();
      continue;
    }
    const OpIndex writer = lineage_.values[top].writer;
    const std::size_t before = wanted.size();
    for (const ValueId read : lineage_.reads[writer]) {
      if (!at_hand(read, op)) wanted.push_back(read);
    }
    if (wanted.size() > before) continue;
    wanted.pop_back();
    run(writer, op);
  }
}

void Refill::run(OpIndex op, OpIndex before) {
  reruns_.push_back({before, op});
  for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
    if (!dropped_[id]) continue;
    held_[id] = true;
    made_.push_back(id);
  }
}

std::vector<Rerun> rerun_on_demand(const Lineage& lineage, const std::vector<bool>& dropped,
                                   const std::vector<bool>& stays) {
  Refill refill(lineage, dropped);
  std::vector<ValueId> passing;  // held, but not to stay
  const auto op_count = static_cast<OpIndex>(lineage.reads.size());
  for (OpIndex op = 0; op < op_count; ++op) {
    for (const ValueId value : lineage.reads[op]) {
      if (op >= lineage.values[value].first_late) refill.want(value, op);
    }
    for (const ValueId value : refill.take_made()) {
      if (!stays[value]) passing.push_back(value);
    }
    std::erase_if(passing, [&](ValueId value) {
      if (op + 1 < op_count) {
        const auto& next = lineage.reads[op + 1];
        if (std::find(next.begin(), next.end(), value) != next.end()) return false;
      }
      refill.let_go(value);
      return true;
    });
  }
  return refill.take_reruns();
}

}  // namespace octrain::advisor
