#include "pass.h"

#include <algorithm>
#include <utility>

namespace octrain::advisor {

std::vector<Pass> list_passes(const Schedule& schedule) {
  std::vector<Pass> passes;
  const auto forward = [&](OpIndex op) { return schedule.ops[op].phase == Phase::forward; };
  const auto op_count = static_cast<OpIndex>(schedule.ops.size());
  for (OpIndex op = 0; op < op_count;) {
    Pass pass{op, op, op};
    while (op < op_count && forward(op)) ++op;
    pass.turn = op;
    while (op < op_count && !forward(op)) ++op;
    pass.end = op;
    passes.push_back(pass);
  }
  return passes;
}

PassValues::PassValues(const Lineage& of, TensorSet droppable)
    : lineage(of),
      may_drop(std::move(droppable)),
      passes(list_passes(of.schedule)),
      drop(values_to_drop(of, may_drop)) {
  for (const Pass& pass : passes) {
    for (auto [id, end] = made_by(pass); id < end; ++id) {
      const Value& value = lineage.values[id];
      drop[id] = drop[id] && value.last_early < pass.turn && value.last_read < pass.end;
    }
  }
}

namespace {

/// [value]: the op that overwrites it, in place or not; `end` if none does.
std::vector<OpIndex> overwritten_by(const Lineage& lineage, OpIndex end) {
  std::vector<OpIndex> result(lineage.values.size(), end);
  std::vector<OpIndex> next_write(lineage.schedule.tensors.size(), end);
  const auto initial = static_cast<std::size_t>(lineage.first_value.back());
  const auto visit = [&](std::size_t id) {
    const Value& value = lineage.values[id];
    result[id] = next_write[value.tensor];
    next_write[value.tensor] = value.writer;
  };
  for (std::size_t id = initial; id-- > 0;) visit(id);
  for (std::size_t id = initial; id < result.size(); ++id) visit(id);
  return result;
}

}  // namespace

FixedBytes::FixedBytes(const Lineage& lineage, const std::vector<bool>& left_out,
                       const std::vector<bool>& made_again) {
  const Schedule& schedule = lineage.schedule;
  const std::size_t op_count = schedule.ops.size();
  std::vector<OpIndex> last(lineage.values.size());  // [value]: the last op that needs it
  for (ValueId id = 0; id < last.size(); ++id) last[id] = lineage.values[id].last_read;
  for (std::size_t op = op_count; op-- > 0;) {
    OpIndex latest = 0;
    for (ValueId id = lineage.first_value[op]; id < lineage.first_value[op + 1]; ++id) {
      if (made_again[id]) latest = std::max(latest, last[id]);
    }
    for (const ValueId id : lineage.reads[op]) last[id] = std::max(last[id], latest);
  }
  const std::vector<OpIndex> overwritten = overwritten_by(lineage, static_cast<OpIndex>(op_count));
  std::vector<std::uint64_t> during_change(op_count + 1, 0),
      before_change(op_count + 2, 0);  // may wrap around
  std::vector<bool> counted(schedule.tensors.size(), false);
  for (ValueId id = 0; id < last.size(); ++id) {
    const Value& value = lineage.values[id];
    const bool persistent = outlives_iteration(schedule.tensors[value.tensor].role);
    if (left_out[id] || op_count == 0 || (persistent && counted[value.tensor])) continue;
    counted[value.tensor] = true;
    const std::uint64_t bytes = lineage.bytes(id);
    const bool initial = value.writer == kNoOp;
    const std::size_t from = persistent || initial ? 0 : value.writer;
    const std::size_t to = persistent ? op_count : last[id] + std::size_t{1};
    during_change[from] += bytes;
    // What an op updates in place takes its bytes once while that op runs.
    during_change[persistent ? to : std::min<std::size_t>(to, overwritten[id])] -= bytes;
    before_change[persistent || initial ? 0 : from + 1] += bytes;
    before_change[to] -= bytes;
  }
  std::uint64_t now = 0, between = 0;
  for (TensorId tensor = 0; tensor < counted.size(); ++tensor) {
    const bool unused = outlives_iteration(schedule.tensors[tensor].role) && !counted[tensor];
    if (unused) between = now += schedule.tensors[tensor].bytes;
  }
  for (std::size_t op = 0; op < op_count; ++op) {
    now += during_change[op];
    between += before_change[op];
    during.push_back(now + schedule.ops[op].workspace_bytes);
    before.push_back(between);
  }
  before.push_back(0);
}

}  // namespace octrain::advisor
