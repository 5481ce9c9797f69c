#include "lineage.h"

#include <algorithm>

namespace octrain::advisor {

Lineage::Lineage(const Schedule& of) : schedule(of), last_rerun(last_reruns(of)) {
  constexpr ValueId kUnknown = std::numeric_limits<ValueId>::max();
  std::size_t writes = 0;
  for (const Op& op : schedule.ops) writes += op.writes.size();
  std::vector<ValueId> current(schedule.tensors.size(), kUnknown);
  std::vector<Value> initial;
  reads.resize(schedule.ops.size());
  values.reserve(writes);
  const auto read = [&](ValueId id, OpIndex op) {
    Value& value = id < writes ? values[id] : initial[id - writes];
    const bool early = schedule.ops[op].phase == Phase::forward && !value.read_late();
    if (early) value.last_early = op;
    if (!early && !value.read_late()) value.first_late = op;
    value.last_read = op;
  };
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    first_value.push_back(static_cast<ValueId>(values.size()));
    for (const TensorId tensor : schedule.ops[op].reads) {
      if (current[tensor] == kUnknown) {
        current[tensor] = static_cast<ValueId>(writes + initial.size());
        initial.push_back({tensor, kNoOp, 0, kNoOp, 0});
      }
      read(current[tensor], op);
      reads[op].push_back(current[tensor]);
    }
    for (const TensorId tensor : schedule.ops[op].writes) {
      current[tensor] = static_cast<ValueId>(values.size());
      values.push_back({tensor, op, op, kNoOp, op});
    }
  }
  first_value.push_back(static_cast<ValueId>(values.size()));
  values.insert(values.end(), initial.begin(), initial.end());
}

std::vector<bool> values_to_drop(const Lineage& lineage, const TensorSet& may_drop) {
  const Schedule& schedule = lineage.schedule;
  std::vector<bool> drop(lineage.values.size(), false);
  std::vector<OpIndex> needed(lineage.values.size(), 0);  // [value]: the last op before which it may be made
  for (auto op = static_cast<OpIndex>(schedule.ops.size()); op-- > 0;) {
    OpIndex latest = 0;  // a rerun of `op` happens no later
    for (ValueId id = lineage.first_value[op]; id < lineage.first_value[op + 1]; ++id) {
      const Value& value = lineage.values[id];
      if (value.read_late()) needed[id] = std::max(needed[id], value.last_read);
      drop[id] = schedule.ops[op].phase == Phase::forward && needed[id] != 0 &&
                 needed[id] <= lineage.last_rerun[op] && (!value.read_late() || may_drop[value.tensor]);
      if (drop[id]) latest = std::max(latest, needed[id]);
    }
    for (const ValueId id : lineage.reads[op]) needed[id] = std::max(needed[id], latest);
  }
  return drop;
}

TensorSet recomputable(const Schedule& schedule) {
  const Lineage lineage(schedule);
  const std::vector<bool> drop = values_to_drop(lineage, TensorSet(schedule.tensors.size(), true));
  TensorSet tensors(schedule.tensors.size(), false);
  for (ValueId id = 0; id < drop.size(); ++id) {
    if (drop[id]) tensors[lineage.values[id].tensor] = true;
  }
  return tensors;
}

}  // namespace octrain::advisor
