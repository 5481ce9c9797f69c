#include "demand_pager.h"

#include <algorithm>

namespace octrain::advisor {

std::optional<PlanResult> infeasible(const PlanRequest& request, std::string_view policy) {
  const std::uint64_t least = largest_op_bytes(request.schedule);
  if (least <= request.budget_bytes) return std::nullopt;
  PlanResult result;
  result.policy = policy;
  result.shortfall_bytes = least - request.budget_bytes;
  return result;
}

DemandPager::DemandPager(const PlanRequest& request, Recency recency, Outputs outputs, Dead dead)
    : schedule_(request.schedule),
      budget_(request.budget_bytes),
      recency_(recency),
      outputs_(outputs),
      dead_(dead),
      liveness_(request.schedule),
      operands_(operands_by_op(request.schedule)),
      stamps_(request.schedule.tensors.size(), kAbsent),
      pinned_(request.schedule.tensors.size(), 0),
      starts_resident_(request.schedule.tensors.size(), false) {}

void DemandPager::restart(Recency recency, std::vector<bool> kept) {
  recency_ = recency;
  kept_ = std::move(kept);
  used_ = 0;
  clock_ = kAbsent;
  stamps_.assign(schedule_.tensors.size(), kAbsent);
  by_stamp_.clear();
}

void DemandPager::begin_iteration() {
  plan_.actions.clear();
  starts_resident_.assign(schedule_.tensors.size(), false);
  if (operands_.empty()) return;
  pin(0, 0);
  // Nothing can leave before op 0 within this iteration: what is in its way must have left with the last one.
  const std::uint64_t need = absent_bytes(0) + schedule_.ops[0].workspace_bytes;
  while (used_ + need > budget_) {
    const auto tensor = victim();
    if (!tensor) break;
    leave(*tensor);
  }
  for (const auto& [stamp, tensor] : by_stamp_) {
    starts_resident_[tensor] = true;
    plan_.actions.push_back({ActionKind::prefetch, 0, tensor});
  }
}

void DemandPager::bring(OpIndex op) {
  pin(op, op);
  make_room(op, absent_bytes(op) + schedule_.ops[op].workspace_bytes);
  for (const Operand& operand : operands_[op]) {
    if (!resident(operand.tensor)) {
      if (operand.reads || outputs_ == Outputs::reserved) {
        prefetch(op, operand.tensor);
      } else {
        arrive(operand.tensor);
      }
    } else if (recency_ == Recency::use) {
      touch(operand.tensor);
    }
  }
}

void DemandPager::bring_ahead(OpIndex op) {
  const OpIndex next = op + 1;
  if (next >= op_count()) return;
  pin(next);
  const std::uint64_t together = absent_bytes(next) + schedule_.ops[op].workspace_bytes;
  std::uint64_t pinned_bytes = 0;
  for (const Operand& operand : operands_[op]) pinned_bytes += schedule_.tensors[operand.tensor].bytes;
  for (const Operand& operand : operands_[next]) {
    const bool shared = std::any_of(operands_[op].begin(), operands_[op].end(),
                                    [&](const Operand& other) { return other.tensor == operand.tensor; });
    if (!shared && resident(operand.tensor)) pinned_bytes += schedule_.tensors[operand.tensor].bytes;
  }
  if (pinned_bytes + together > budget_ || !make_room(op, together)) return;
  for (const Operand& operand : operands_[next]) {
    if (!resident(operand.tensor)) prefetch(op, operand.tensor);
  }
}

bool DemandPager::bring_early(OpIndex before, TensorId tensor) {
  const std::uint64_t bytes = schedule_.tensors[tensor].bytes + schedule_.ops[before].workspace_bytes;
  if (used_ + bytes > budget_) return false;
  prefetch(before, tensor);
  return true;
}

void DemandPager::pin(OpIndex first, OpIndex last) {
  ++pin_round_;
  pinned_bytes_ = 0;
  for (OpIndex op = first; op <= last; ++op) pin(op);
}

void DemandPager::pin(OpIndex op) {
  for (const Operand& operand : operands_[op]) {
    if (pinned_[operand.tensor] == pin_round_) continue;
    pinned_[operand.tensor] = pin_round_;
    if (resident(operand.tensor)) pinned_bytes_ += schedule_.tensors[operand.tensor].bytes;
  }
}

bool DemandPager::bring_op_early(OpIndex before, OpIndex op) {
  const auto room_for = [&](std::uint64_t bytes) {
    bytes += schedule_.ops[before].workspace_bytes;
    return pinned_bytes_ + bytes <= budget_ && make_room(before, bytes);
  };
  if (!room_for(0)) return false;
  for (const Operand& operand : operands_[op]) {
    if (resident(operand.tensor)) continue;
    if (!room_for(schedule_.tensors[operand.tensor].bytes)) return false;
    prefetch(before, operand.tensor);
  }
  return true;
}

std::uint64_t DemandPager::absent_bytes(OpIndex op) const {
  std::uint64_t bytes = 0;
  for (const Operand& operand : operands_[op]) {
    if (!resident(operand.tensor)) bytes += schedule_.tensors[operand.tensor].bytes;
  }
  return bytes;
}

bool DemandPager::make_room(OpIndex before, std::uint64_t bytes) {
  while (used_ + bytes > budget_) {
    const auto tensor = victim();
    if (!tensor || before == 0) return false;
    if (dead_ == Dead::discarded && !liveness_.live_after(*tensor, before - 1)) {
      discard(before - 1, *tensor);
    } else {
      evict(before - 1, *tensor);
    }
  }
  return true;
}

std::optional<TensorId> DemandPager::victim() const {
  for (const auto& [stamp, tensor] : by_stamp_) {
    if (pinned_[tensor] != pin_round_) return tensor;
  }
  return std::nullopt;
}

void DemandPager::prefetch(OpIndex before, TensorId tensor) {
  plan_.actions.push_back({ActionKind::prefetch, before, tensor});
  arrive(tensor);
}

void DemandPager::arrive(TensorId tensor) {
  used_ += schedule_.tensors[tensor].bytes;
  if (pinned_[tensor] == pin_round_) pinned_bytes_ += schedule_.tensors[tensor].bytes;
  touch(tensor);
}

void DemandPager::evict(OpIndex after, TensorId tensor) {
  plan_.actions.push_back({ActionKind::evict, after, tensor});
  leave(tensor);
}

void DemandPager::discard(OpIndex after, TensorId tensor) {
  plan_.actions.push_back({ActionKind::discard, after, tensor});
  leave(tensor);
}

void DemandPager::touch(TensorId tensor) {
  by_stamp_.erase({stamps_[tensor], tensor});
  stamps_[tensor] = ++clock_ | (!kept_.empty() && kept_[tensor] ? kKept : 0);
  by_stamp_.emplace(stamps_[tensor], tensor);
}

void DemandPager::leave(TensorId tensor) {
  by_stamp_.erase({stamps_[tensor], tensor});
  stamps_[tensor] = kAbsent;
  used_ -= schedule_.tensors[tensor].bytes;
}

void DemandPager::end_iteration() {
  const auto left = by_stamp_;
  for (const auto& [stamp, tensor] : left) {
    const OpIndex last = op_count() - 1;  // something is resident, so there was an op
    if (!outlives_iteration(schedule_.tensors[tensor].role)) {
      discard(last, tensor);
    } else if (!starts_resident_[tensor]) {
      plan_.actions.push_back(
          {ActionKind::evict, last, tensor});  // stays in the account: the next pass may start with it
    }
  }
}

}  // namespace octrain::advisor
