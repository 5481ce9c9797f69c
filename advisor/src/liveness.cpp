#include "octrain/advisor/liveness.h"

#include <algorithm>

#include "operands.h"

namespace octrain::advisor {
namespace {

/// The first access strictly after `op`, or the end.
std::vector<TensorAccess>::const_iterator first_after(const std::vector<TensorAccess>& accesses, OpIndex op) {
  return std::upper_bound(accesses.begin(), accesses.end(), op,
                          [](OpIndex left, const TensorAccess& right) { return left < right.op; });
}

}  // namespace

std::vector<std::vector<TensorAccess>> accesses_by_tensor(const Schedule& schedule) {
  std::vector<std::vector<TensorAccess>> accesses(schedule.tensors.size());
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (const Operand& operand : operands_of(schedule.ops[op])) {
      accesses[operand.tensor].push_back({op, operand.reads, operand.writes});
    }
  }
  return accesses;
}

Liveness::Liveness(const Schedule& schedule)
    : accesses_(accesses_by_tensor(schedule)), op_count_(schedule.ops.size()) {
  roles_.reserve(schedule.tensors.size());
  for (const TensorInfo& tensor : schedule.tensors) roles_.push_back(tensor.role);
}

bool Liveness::live_after(TensorId tensor, OpIndex op) const {
  const auto next = first_after(accesses_[tensor], op);
  if (next != accesses_[tensor].end()) return next->reads;
  return outlives_iteration(roles_[tensor]);
}

std::uint64_t Liveness::next_use(TensorId tensor, OpIndex op) const {
  const auto& accesses = accesses_[tensor];
  if (accesses.empty()) return kNever;
  const auto next = first_after(accesses, op);
  return next != accesses.end() ? next->op : op_count_ + accesses.front().op;
}

bool Liveness::live_in(TensorId tensor) const {
  return !accesses_[tensor].empty() && accesses_[tensor].front().reads;
}

}  // namespace octrain::advisor
