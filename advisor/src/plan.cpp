#include "octrain/advisor/plan.h"

namespace octrain::advisor {

PlanIndex::PlanIndex(const Plan& plan, std::size_t op_count) : before(op_count), after(op_count) {
  for (const Action& action : plan.actions) {
    if (action.op >= op_count || action.kind == ActionKind::place) continue;
    const bool starts = action.kind == ActionKind::prefetch || action.kind == ActionKind::recompute;
    (starts ? before : after)[action.op].push_back(action);
  }
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
