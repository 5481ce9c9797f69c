#include "lives.h"

#include <algorithm>
#include <utility>

#include "../operands.h"

namespace octrain::advisor {
namespace {

class Walker {
 public:
  Walker(const Schedule& schedule, const Plan& plan)
      : schedule_(schedule),
        index_(plan, schedule.ops.size()),
        operands_(operands_by_op(schedule)),
        tensors_(schedule.tensors.size()) {
    made_.lives.resize(schedule.tensors.size());
    index_uses();
  }

  LivedPlan walk() {
    for (TensorId tensor = 0; tensor < tensors_.size(); ++tensor) {
      Tensor& state = tensors_[tensor];
      // Weights are on the host from the start, and so are inputs: read before any write.
      const bool input = !state.uses.empty() && state.uses.front().reads;
      if (outlives(tensor) || input) take_bytes(tensor);
    }
    for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
      for (const Action& action : index_.before[op]) apply(action);
      made_.run_at.push_back(now() + 1);
      run(op, op + 1);
      for (const Action& action : index_.after[op]) apply(action);
    }
    for (TensorId tensor = 0; tensor < tensors_.size(); ++tensor) {
      if (outlives(tensor)) made_.lives[tensor].end = now() + 1;
    }
    return std::move(made_);
  }

 private:
  struct Use {
    std::size_t run = 0;
    bool reads = false;
  };
  struct Tensor {
    std::vector<Use> uses;  // by those runs that read it, or that write it as a whole
    std::size_t next = 0;   // the first use that is not over
    bool holds = false;     // bytes of the arena
    bool resident = false;
  };

  [[nodiscard]] bool outlives(TensorId tensor) const {
    return outlives_iteration(schedule_.tensors[tensor].role);
  }
  [[nodiscard]] std::uint64_t now() const { return 2 * static_cast<std::uint64_t>(run_); }

  void index_uses() {
    std::size_t run = 0;
    const auto add = [&](OpIndex op) {
      for (const Operand& operand : operands_[op])
        tensors_[operand.tensor].uses.push_back({run, operand.reads});
      ++run;
    };
    for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
      for (const Action& action : index_.before[op]) {
        if (action.kind == ActionKind::recompute) add(action.target);
      }
      add(op);
    }
  }

  void take_bytes(TensorId tensor, std::uint64_t at = 0) {
    Life& life = made_.lives[tensor];
    if (life.empty()) life.begin = at;
    life.end = std::max(life.end, at + 1);
    tensors_[tensor].holds = true;
  }

  void apply(const Action& action) {
    if (action.kind == ActionKind::recompute) {
      made_.plan.actions.push_back(action);
      return run(action.target, action.op);
    }
    if (outlives(action.target) || still_means_something(action)) made_.plan.actions.push_back(action);
  }

  /// An action on a tensor that dies within the iteration.
  bool still_means_something(const Action& action) {
    Tensor& tensor = tensors_[action.target];
    const bool to_be_written = tensor.next < tensor.uses.size() && !tensor.uses[tensor.next].reads;
    switch (action.kind) {
      case ActionKind::prefetch:
        if (!tensor.holds && !to_be_written) return false;  // dead for good
        if (!tensor.holds) take_bytes(action.target, now());
        tensor.resident = true;
        return true;
      case ActionKind::evict:
        return std::exchange(tensor.resident, false);
      default:
        // Deaths are run()'s affair; what is left are bytes reserved for a write, and given up again.
        if (!tensor.holds || !to_be_written) return false;
        end_life(action.target);
        return true;
    }
  }

  void end_life(TensorId tensor) {
    tensors_[tensor].holds = tensors_[tensor].resident = false;
    made_.lives[tensor].end = now();
  }

  /// `before`: the boundary that what follows the run belongs to.
  void run(OpIndex op, OpIndex before) {
    for (const Operand& operand : operands_[op]) {
      Tensor& tensor = tensors_[operand.tensor];
      if (!tensor.holds) take_bytes(operand.tensor, now() + 1);
      tensor.resident = true;
      while (tensor.next < tensor.uses.size() && tensor.uses[tensor.next].run <= run_) ++tensor.next;
    }
    ++run_;
    for (const Operand& operand : operands_[op]) {
      const Tensor& tensor = tensors_[operand.tensor];
      const bool read_later = tensor.next < tensor.uses.size() && tensor.uses[tensor.next].reads;
      if (outlives(operand.tensor) || read_later) continue;
      if (before > 0) made_.plan.actions.push_back({ActionKind::discard, before - 1, operand.tensor});
      end_life(operand.tensor);
    }
  }

  const Schedule& schedule_;
  PlanIndex index_;
  std::vector<std::vector<Operand>> operands_;
  std::vector<Tensor> tensors_;
  LivedPlan made_;
  std::size_t run_ = 0;  // of the run to come, so far
};

}  // namespace

LivedPlan discard_at_death(const Schedule& schedule, const Plan& plan) {
  return Walker(schedule, plan).walk();
}

}  // namespace octrain::advisor
