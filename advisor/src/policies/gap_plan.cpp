#include "gap_plan.h"

#include <algorithm>
#include <utility>

namespace octrain::advisor {
namespace {

/// Transfers before the first iteration's op 0; touches ever after.
void add_stays(const GapTable& table, std::vector<Action>& first) {
  std::vector<std::pair<OpIndex, TensorId>> stays;
  for (const Gap& gap : table.gaps) {
    if (gap.kind == Gap::Kind::wrap && !gap.absent) stays.emplace_back(gap.need, gap.tensor);
  }
  std::sort(stays.begin(), stays.end());
  for (const auto& [need, tensor] : stays) first.push_back({ActionKind::prefetch, 0, tensor});
}

}  // namespace

DeadByOp dead_after_ops(const std::vector<std::vector<Operand>>& operands, const Liveness& liveness) {
  DeadByOp dead(operands.size());
  for (OpIndex op = 0; op < operands.size(); ++op) {
    for (const Operand& operand : operands[op]) {
      if (!liveness.live_after(operand.tensor, op)) dead[op].push_back(operand.tensor);
    }
  }
  return dead;
}

Plan gap_plan(const GapTable& table, const std::vector<Arrival>& arrivals, const DeadByOp& dead) {
  std::vector<std::vector<Action>> before(dead.size());
  std::vector<std::vector<Action>> after(dead.size());
  if (!before.empty()) add_stays(table, before[0]);
  for (const Arrival& arrival : arrivals) {
    before[arrival.before].push_back({ActionKind::prefetch, arrival.before, arrival.tensor});
  }
  for (OpIndex op = 0; op < dead.size(); ++op) {
    for (const TensorId tensor : dead[op]) after[op].push_back({ActionKind::discard, op, tensor});
  }
  for (const Gap& gap : table.gaps) {
    const bool leaves = gap.absent && gap.live && gap.kind != Gap::Kind::birth;
    if (leaves) after[gap.release].push_back({ActionKind::evict, gap.release, gap.tensor});
  }
  Plan plan;
  for (std::size_t op = 0; op < dead.size(); ++op) {
    plan.actions.insert(plan.actions.end(), before[op].begin(), before[op].end());
    plan.actions.insert(plan.actions.end(), after[op].begin(), after[op].end());
  }
  return plan;
}

}  // namespace octrain::advisor
