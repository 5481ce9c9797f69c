#include <algorithm>
#include <limits>

#include "octrain/advisor/recompute.h"

namespace octrain::advisor {
namespace {

bool may_write_again(const Schedule& schedule, const Op& op) {
  if (op.phase == Phase::update || op.writes.empty()) return false;
  return std::all_of(op.writes.begin(), op.writes.end(), [&](TensorId tensor) {
    const Role role = schedule.tensors[tensor].role;
    // A workspace tensor holds parts of other ops too, which a write as a whole would declare dead.
    if (outlives_iteration(role) || role == Role::input || role == Role::workspace) return false;
    return std::find(op.reads.begin(), op.reads.end(), tensor) == op.reads.end();
  });
}

}  // namespace

std::vector<OpIndex> last_reruns(const Schedule& schedule) {
  std::vector<OpIndex> last(schedule.ops.size(), 0);
  // [tensor]: the first op after the current one that writes it; past the end if there is none
  const auto end = static_cast<OpIndex>(schedule.ops.size());
  std::vector<OpIndex> next_write(schedule.tensors.size(), end);
  for (OpIndex index = end; index-- > 0;) {
    const Op& op = schedule.ops[index];
    if (may_write_again(schedule, op)) {
      OpIndex limit = end - 1;
      for (const TensorId tensor : op.reads) {
        // Whoever reads a part of a workspace tensor finds it as it was: nobody writes a part again.
        if (schedule.tensors[tensor].role != Role::workspace) limit = std::min(limit, next_write[tensor]);
      }
      for (const TensorId tensor : op.writes) limit = std::min(limit, next_write[tensor]);
      last[index] = limit > index ? limit : 0;
    }
    for (const TensorId tensor : op.writes) next_write[tensor] = index;
  }
  return last;
}

ExpandedSchedule expand(const Schedule& schedule, std::span<const Rerun> reruns) {
  std::vector<Rerun> in_order(reruns.begin(), reruns.end());
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const Rerun& a, const Rerun& b) { return a.before < b.before; });
  ExpandedSchedule expanded;
  const std::size_t op_count = schedule.ops.size() + in_order.size();
  expanded.schedule.tensors = schedule.tensors;
  expanded.schedule.ops.reserve(op_count);
  expanded.origin.reserve(op_count);
  expanded.rerun.reserve(op_count);
  const auto add = [&](OpIndex op, bool rerun) {
    expanded.schedule.ops.push_back(schedule.ops[op]);
    expanded.origin.push_back(op);
    expanded.rerun.push_back(rerun);
  };
  auto next = in_order.begin();
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (; next != in_order.end() && next->before == op; ++next) {
      add(next->op, true);
      expanded.schedule.ops.back().name += " again";
      expanded.schedule.ops.back().phase = schedule.ops[op].phase;  // of the pass in which it now runs
    }
    add(op, false);
  }
  return expanded;
}

Plan fold(const Plan& plan, const ExpandedSchedule& expanded) {
  const std::size_t op_count = expanded.origin.size();
  const PlanIndex index(plan, op_count);
  // [op]: the original op at or before which it runs
  std::vector<OpIndex> boundary(op_count);
  for (std::size_t op = op_count; op-- > 0;) {
    boundary[op] = expanded.rerun[op] ? boundary[op + 1] : expanded.origin[op];
  }
  Plan folded;
  for (const Action& action : plan.actions) {
    if (action.kind == ActionKind::place) folded.actions.push_back(action);
  }
  const auto add = [&](Action action, OpIndex at) {
    const bool comes = action.kind == ActionKind::prefetch || action.kind == ActionKind::recompute;
    if (action.kind == ActionKind::recompute) action.target = expanded.origin[action.target];
    action.op = comes ? at : at - 1;
    folded.actions.push_back(action);
  };
  // In the order in which things happen: each rerun opens a group, and what surrounds it falls to either
  // side.
  for (std::size_t op = 0; op < op_count; ++op) {
    const OpIndex at = boundary[op];
    for (const Action& action : index.before[op]) add(action, at);
    if (expanded.rerun[op]) folded.actions.push_back({ActionKind::recompute, at, expanded.origin[op]});
    const OpIndex next = op + 1 < op_count ? boundary[op + 1] : at + 1;
    for (const Action& action : index.after[op]) add(action, next);
  }
  return folded;
}

}  // namespace octrain::advisor
