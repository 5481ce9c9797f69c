#include "directed_pager.h"

namespace octrain::advisor {

std::vector<bool> persistent_tensors(const Schedule& schedule) {
  std::vector<bool> persistent;
  persistent.reserve(schedule.tensors.size());
  for (const TensorInfo& tensor : schedule.tensors) persistent.push_back(outlives_iteration(tensor.role));
  return persistent;
}

// Outputs are left to the op that writes them: their bytes asked for ahead would queue up behind transfers.
DirectedPager::DirectedPager(const PlanRequest& request)
    : pager_(request, DemandPager::Recency::use, DemandPager::Outputs::by_op) {}

Plan DirectedPager::plan(const Direction& direction) {
  sort_wishes(direction);
  pager_.restart(direction.recency, direction.kept);
  return settled_plan(pager_, [&](DemandPager&) { iterate(direction.discards_dead); });
}

void DirectedPager::sort_wishes(const Direction& direction) {
  prefetches_.assign(op_count(), {});
  evictions_.assign(op_count(), {});
  for (const Wish& wish : direction.wishes) {
    (wish.kind == Wish::Kind::prefetch ? prefetches_ : evictions_)[wish.op].push_back(wish.tensor);
  }
}

void DirectedPager::iterate(bool discards_dead) {
  waiting_.clear();
  for (OpIndex op = 0; op < op_count(); ++op) {
    pager_.bring(op);
    for (const TensorId tensor : prefetches_[op]) ask_for(op, tensor);
    bring_waiting(op);
    if (discards_dead) {
      for (const Operand& operand : operands(op)) {
        if (!liveness().live_after(operand.tensor, op)) pager_.discard(op, operand.tensor);
      }
    }
    for (const TensorId tensor : evictions_[op]) let_go(op, tensor);
  }
}

void DirectedPager::ask_for(OpIndex before, TensorId tensor) {
  if (pager_.resident(tensor)) return;
  const bool read_next = before == 0 ? liveness().live_in(tensor) : liveness().live_after(tensor, before - 1);
  // Not an operand of `before`, for those are resident by now.
  if (read_next) waiting_.emplace(liveness().next_use(tensor, before), tensor);
}

void DirectedPager::bring_waiting(OpIndex before) {
  while (!waiting_.empty()) {
    const auto [need, tensor] = *waiting_.begin();
    const bool came_on_demand = need <= before || pager_.resident(tensor);
    if (!came_on_demand && !pager_.bring_early(before, tensor, need)) return;
    waiting_.erase(waiting_.begin());
  }
}

void DirectedPager::let_go(OpIndex after, TensorId tensor) {
  if (!pager_.resident(tensor)) {
    if (!waiting_.empty()) waiting_.erase({liveness().next_use(tensor, after), tensor});
  } else if (liveness().live_after(tensor, after)) {
    pager_.evict(after, tensor);
  } else {
    pager_.discard(after, tensor);
  }
}

}  // namespace octrain::advisor
