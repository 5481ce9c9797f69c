#include "directed_pager.h"

#include <algorithm>

namespace octrain::advisor {

std::vector<bool> persistent_tensors(const Schedule& schedule) {
  std::vector<bool> persistent;
  persistent.reserve(schedule.tensors.size());
  for (const TensorInfo& tensor : schedule.tensors) persistent.push_back(outlives_iteration(tensor.role));
  return persistent;
}

// Outputs are left to the op that writes them: their bytes asked for ahead would queue up behind transfers.
DirectedPager::DirectedPager(const PlanRequest& request)
    : schedule_(request.schedule),
      budget_(request.budget_bytes),
      pager_(request, DemandPager::Recency::use, DemandPager::Outputs::by_op) {}

Plan DirectedPager::plan(const Direction& direction) {
  sort_wishes(direction);
  project();
  pager_.restart(direction.recency, direction.kept);
  return settled_plan(pager_, [&](DemandPager&) { iterate(direction.discards_dead); });
}

void DirectedPager::sort_wishes(const Direction& direction) {
  prefetches_.assign(op_count(), {});
  evictions_.assign(op_count(), {});
  eviction_ops_.assign(schedule_.tensors.size(), {});
  for (const Wish& wish : direction.wishes) {
    (wish.kind == Wish::Kind::prefetch ? prefetches_ : evictions_)[wish.op].push_back(wish.tensor);
  }
  for (OpIndex op = 0; op < op_count(); ++op) {
    for (const TensorId tensor : evictions_[op]) eviction_ops_[tensor].push_back(op);
  }
}

/// The first op from `from` on, and no later than its next use, that is not to find the tensor.
OpIndex DirectedPager::stays_until(TensorId tensor, OpIndex from, std::uint64_t next_use) const {
  const auto& evictions = eviction_ops_[tensor];
  const auto eviction = std::lower_bound(evictions.begin(), evictions.end(), from);
  const auto end = static_cast<OpIndex>(std::min<std::uint64_t>(next_use, op_count()));
  return eviction == evictions.end() ? end : std::min(end, *eviction + 1);
}

void DirectedPager::project() {
  std::vector<std::uint64_t> change(op_count() + 1, 0);  // wraps below zero and back: the sums are right
  const auto occupy = [&](TensorId tensor, OpIndex from, OpIndex to) {
    change[from] += schedule_.tensors[tensor].bytes;
    change[to] -= schedule_.tensors[tensor].bytes;
  };
  for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor) {
    const auto& accesses = liveness().accesses(tensor);
    if (!accesses.empty() && outlives_iteration(schedule_.tensors[tensor].role)) {
      occupy(tensor, 0, stays_until(tensor, 0, accesses.front().op));
    }
    for (const TensorAccess& access : accesses) {
      const bool stays = liveness().live_after(tensor, access.op);
      occupy(tensor, access.op,
             stays ? stays_until(tensor, access.op, liveness().next_use(tensor, access.op)) : access.op + 1);
    }
  }
  wished_bytes_.clear();
  std::uint64_t tensors = 0;
  for (OpIndex op = 0; op < op_count(); ++op) {
    tensors += change[op];
    wished_bytes_.push_back(tensors + schedule_.ops[op].workspace_bytes);
  }
}

void DirectedPager::begin_iteration() {
  waiting_.clear();
  noted_ = 0;
  projected_ = Occupancy(wished_bytes_);
  projected_until_.assign(schedule_.tensors.size(), 0);
  for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor) {
    const auto& accesses = liveness().accesses(tensor);
    if (accesses.empty() || !outlives_iteration(schedule_.tensors[tensor].role)) continue;
    const OpIndex until = stays_until(tensor, 0, accesses.front().op);
    if (pager_.resident(tensor)) {
      projected_until_[tensor] = until;
    } else {
      projected_.remove(0, until, schedule_.tensors[tensor].bytes);
    }
  }
}

void DirectedPager::iterate(bool discards_dead) {
  begin_iteration();
  for (OpIndex op = 0; op < op_count(); ++op) {
    bring(op);
    for (const TensorId tensor : prefetches_[op]) ask_for(op, tensor);
    bring_waiting(op);
    if (discards_dead) {
      for (const Operand& operand : operands(op)) {
        if (!liveness().live_after(operand.tensor, op)) pager_.discard(op, operand.tensor);
      }
    }
    for (const TensorId tensor : evictions_[op]) let_go(op, tensor);
    note_departures();
  }
}

void DirectedPager::bring(OpIndex op) {
  pager_.bring(op);
  note_departures();
  for (const Operand& operand : operands(op)) {
    projected_until_[operand.tensor] =
        liveness().live_after(operand.tensor, op)
            ? stays_until(operand.tensor, op, liveness().next_use(operand.tensor, op))
            : op + 1;
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
    if (!came_on_demand) {
      const auto end = static_cast<OpIndex>(std::min<std::uint64_t>(need, op_count()));
      const std::uint64_t bytes = schedule_.tensors[tensor].bytes;
      if (projected_.most(before, end) + bytes > budget_ || !pager_.bring_early(before, tensor)) return;
      projected_.add(before, end, bytes);
      projected_until_[tensor] = end;
    }
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

void DirectedPager::note_departures() {
  for (const auto& actions = pager_.plan().actions; noted_ < actions.size(); ++noted_) {
    const Action& action = actions[noted_];
    if (action.kind == ActionKind::prefetch) continue;
    projected_.remove(action.op + 1, projected_until_[action.target], schedule_.tensors[action.target].bytes);
  }
}

}  // namespace octrain::advisor
