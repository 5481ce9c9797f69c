#include "octrain/advisor/plan.h"

namespace octrain::advisor {

PlanIndex::PlanIndex(const Plan& plan, std::size_t op_count) : before(op_count), after(op_count) {
  // [op]: where the prefetches of the group begin that the boundary's last recompute opened
  std::vector<std::size_t> prefetches(op_count, 0);
  for (const Action& action : plan.actions) {
    if (action.op >= op_count || action.kind == ActionKind::place) continue;
    if (action.kind == ActionKind::prefetch || action.kind == ActionKind::recompute) {
      before[action.op].push_back(action);
      if (action.kind == ActionKind::recompute) prefetches[action.op] = before[action.op].size();
      continue;
    }
    const OpIndex next = action.op + 1;
    if (next < op_count && prefetches[next] > 0) {
      before[next].insert(before[next].begin() + static_cast<std::ptrdiff_t>(prefetches[next]++), action);
    } else {
      after[action.op].push_back(action);
    }
  }
}

std::vector<std::uint64_t> arena_offsets(const Plan& plan, std::size_t tensor_count) {
  std::vector<std::uint64_t> offsets;
  for (const Action& action : plan.actions) {
    if (action.kind != ActionKind::place) continue;
    offsets.resize(tensor_count);
    offsets[action.target] = action.offset_bytes;
  }
  return offsets;
}

std::string_view to_string(ActionKind kind) {
  switch (kind) {
    case ActionKind::prefetch:
      return "prefetch";
    case ActionKind::evict:
      return "evict";
    case ActionKind::discard:
      return "discard";
    case ActionKind::recompute:
      return "recompute";
    case ActionKind::place:
      return "place";
    case ActionKind::free:
      return "free";
  }
  return "unknown";
}

}  // namespace octrain::advisor
