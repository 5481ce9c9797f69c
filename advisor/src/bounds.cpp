#include "octrain/advisor/bounds.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "octrain/advisor/liveness.h"
#include "operands.h"

namespace octrain::advisor {
namespace {

/// Replays the schedule on demand, always evicting what is used furthest in the future.
class Replay {
 public:
  Replay(const Schedule& schedule, const Liveness& liveness, std::uint64_t budget_bytes)
      : schedule_(schedule),
        liveness_(liveness),
        budget_(budget_bytes),
        next_use_(schedule.tensors.size(), kAbsent) {}

  /// Runs one iteration from the state that the last one left; answers the bytes brought in.
  std::uint64_t iterate() {
    std::uint64_t brought = 0;
    for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
      const std::vector<Operand> operands = operands_of(schedule_.ops[op]);
      std::uint64_t need = schedule_.ops[op].workspace_bytes;
      for (const Operand& operand : operands) {
        const std::uint64_t bytes = schedule_.tensors[operand.tensor].bytes;
        if (next_use_[operand.tensor] == kAbsent && operand.reads) brought += bytes;
        leave(operand.tensor);
        need += bytes;
      }
      while (used_ + need > budget_ && !by_next_use_.empty()) leave(by_next_use_.rbegin()->second);
      for (const Operand& operand : operands) {
        if (liveness_.live_after(operand.tensor, op))
          enter(operand.tensor, base_ + liveness_.next_use(operand.tensor, op));
      }
    }
    base_ += schedule_.ops.size();
    return brought;
  }

 private:
  static constexpr std::uint64_t kAbsent = Liveness::kNever;

  void enter(TensorId tensor, std::uint64_t next_use) {
    next_use_[tensor] = next_use;
    by_next_use_.emplace(next_use, tensor);
    used_ += schedule_.tensors[tensor].bytes;
  }
  void leave(TensorId tensor) {
    if (next_use_[tensor] == kAbsent) return;
    by_next_use_.erase({next_use_[tensor], tensor});
    next_use_[tensor] = kAbsent;
    used_ -= schedule_.tensors[tensor].bytes;
  }

  const Schedule& schedule_;
  const Liveness& liveness_;
  std::uint64_t budget_;
  std::uint64_t used_ = 0;
  std::uint64_t base_ = 0;  // absolute index of this iteration's first op
  std::vector<std::uint64_t> next_use_;
  std::set<std::pair<std::uint64_t, TensorId>> by_next_use_;
};

}  // namespace

std::vector<std::uint64_t> live_bytes(const Schedule& schedule) {
  const Liveness liveness(schedule);
  const std::size_t op_count = schedule.ops.size();
  std::vector<std::int64_t> change(op_count + 1, 0);
  const auto alive = [&](std::size_t from, std::size_t to, std::uint64_t bytes) {  // [from, to)
    change[from] += static_cast<std::int64_t>(bytes);
    change[to] -= static_cast<std::int64_t>(bytes);
  };
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const auto& accesses = liveness.accesses(tensor);
    const TensorInfo& info = schedule.tensors[tensor];
    const bool persistent = outlives_iteration(info.role);
    if (accesses.empty()) {
      if (persistent) alive(0, op_count, info.bytes);
      continue;
    }
    if (persistent || liveness.live_in(tensor)) alive(0, accesses.front().op, info.bytes);
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      const bool last = i + 1 == accesses.size();
      const std::size_t next = last ? op_count : accesses[i + 1].op;
      const bool stays = liveness.live_after(tensor, accesses[i].op);
      alive(accesses[i].op, stays ? next : accesses[i].op + 1, info.bytes);
    }
  }
  std::vector<std::uint64_t> bytes;
  bytes.reserve(op_count);
  std::int64_t live = 0;
  for (std::size_t op = 0; op < op_count; ++op) {
    live += change[op];
    bytes.push_back(static_cast<std::uint64_t>(live) + schedule.ops[op].workspace_bytes);
  }
  return bytes;
}

std::uint64_t peak_live_bytes(const Schedule& schedule) {
  const std::vector<std::uint64_t> bytes = live_bytes(schedule);
  return bytes.empty() ? 0 : *std::max_element(bytes.begin(), bytes.end());
}

Bounds bounds(const Schedule& schedule, std::uint64_t budget_bytes) {
  const Liveness liveness(schedule);
  Bounds result;
  for (const Op& op : schedule.ops) result.ideal_ns += op.time_ns;
  result.peak_live_bytes = peak_live_bytes(schedule);
  result.largest_op_bytes = largest_op_bytes(schedule);
  Replay replay(schedule, liveness, budget_bytes);
  // Cold, then once more for the state to settle; the third is the steady one.
  replay.iterate();
  replay.iterate();
  result.least_traffic_bytes = replay.iterate();
  return result;
}

}  // namespace octrain::advisor
