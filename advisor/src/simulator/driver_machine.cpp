#include "driver_machine.h"

#include <algorithm>
#include <utility>

#include "../operands.h"
#include "octrain/advisor/liveness.h"

namespace octrain::advisor {
namespace {

/// How often an op sweeps operands that do not fit together: a kernel that reads its operands more than once
/// does so at least twice.
constexpr int kThrashingSweeps = 2;

std::vector<std::uint64_t> bytes_by_tensor(const Schedule& schedule) {
  std::vector<std::uint64_t> bytes;
  for (const TensorInfo& tensor : schedule.tensors) bytes.push_back(tensor.bytes);
  std::uint64_t workspace_bytes = 0;
  for (const Op& op : schedule.ops) workspace_bytes = std::max(workspace_bytes, op.workspace_bytes);
  bytes.push_back(workspace_bytes);
  return bytes;
}

}  // namespace

DriverMachine::DriverMachine(const Schedule& schedule, const Plan& hints, const Machine& machine,
                             std::uint64_t budget_bytes)
    : schedule_(schedule),
      machine_(machine),
      index_(hints, schedule.ops.size()),
      workspace_(static_cast<TensorId>(schedule.tensors.size())),
      batches_(machine),
      memory_(bytes_by_tensor(schedule), machine, budget_bytes),
      arrives_ns_(schedule.tensors.size() + 1, 0) {
  const Liveness liveness(schedule);
  for (TensorId tensor = 0; tensor < workspace_; ++tensor) {
    if (outlives_iteration(schedule.tensors[tensor].role)) {
      memory_.supply(tensor);
    } else if (liveness.live_in(tensor)) {
      inputs_.push_back(tensor);
    }
  }
}

Simulation DriverMachine::run() {
  iterate();
  iterate();
  return std::move(result_);
}

/// Ends early only where the device holds nothing.
void DriverMachine::iterate() {
  iteration_start_ns_ = now_ns_;
  for (const TensorId tensor : inputs_) memory_.supply(tensor);
  result_ = {};
  result_.peak_bytes = memory_.used();
  const auto all = [&](const std::vector<Action>& actions) {
    return std::all_of(actions.begin(), actions.end(), [&](const Action& action) { return apply(action); });
  };
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    if (!all(index_.before[op]) || !run_op(op, false)) return;
    result_.total_ns = now_ns_ - iteration_start_ns_;
    if (!all(index_.after[op])) return;
  }
  result_.stall_ns = result_.total_ns - result_.compute_ns - result_.recompute_ns;
}

bool DriverMachine::apply(const Action& action) {
  switch (action.kind) {
    case ActionKind::prefetch:
      prefetch(action.target);
      break;
    case ActionKind::evict:
      evict(action.target);
      break;
    case ActionKind::discard:
    case ActionKind::free:
      result_.discarded_bytes += memory_.resident(action.target);
      memory_.drop(action.target);
      break;
    case ActionKind::recompute:
      return run_op(action.target, true);
    case ActionKind::place:
      break;
  }
  return true;
}

/// Brings what is missing without a fault, after what has to leave for it; of what is there it is a touch.
void DriverMachine::prefetch(TensorId tensor) {
  const std::uint64_t missing = memory_.bytes(tensor) - memory_.resident(tensor);
  if (missing == 0) return memory_.touch(tensor);
  Burst burst;
  if (!bring(tensor, missing, burst)) return;
  const std::uint64_t room_ns = travel_out(burst.flow, std::max(now_ns_, burst.room_ns), 0);
  if (burst.flow.in > 0) arrives_ns_[tensor] = travel_in(burst.flow, room_ns, machine_.transfer_latency_ns);
}

void DriverMachine::evict(TensorId tensor) {
  Burst burst;
  const std::uint64_t bytes = memory_.send_away(tensor, burst.flow);
  if (bytes == 0) return;
  account(burst.flow);
  const std::uint64_t from_ns = std::max(now_ns_, arrives_ns_[tensor]);
  departures_.push_back({travel_out(burst.flow, from_ns, machine_.transfer_latency_ns), bytes});
}

bool DriverMachine::run_op(OpIndex index, bool again) {
  const Op& op = schedule_.ops[index];
  const std::vector<Operand> operands = operands_of_run(index);
  for (const Operand& operand : operands) now_ns_ = std::max(now_ns_, arrives_ns_[operand.tensor]);
  Burst burst;
  if (!fault_in(operands, burst)) return false;
  serve(burst);
  for (const Operand& operand : operands) {
    if (operand.writes) memory_.write(operand.tensor);
  }
  if (again) {
    result_.recompute_ns += op.time_ns;
  } else {
    result_.compute_ns += op.time_ns;
    result_.op_start_ns.push_back(now_ns_ - iteration_start_ns_);
  }
  now_ns_ += op.time_ns;
  return true;
}

/// Of the workspace an op touches a part: whatever of it is on the device is taken to be that part.
std::vector<DriverMachine::Operand> DriverMachine::operands_of_run(OpIndex op) const {
  std::vector<Operand> result;
  for (const auto& operand : operands_of(schedule_.ops[op])) {
    result.push_back({operand.tensor, memory_.bytes(operand.tensor), operand.writes});
  }
  if (const std::uint64_t bytes = schedule_.ops[op].workspace_bytes; bytes > 0)
    result.push_back({workspace_, bytes, true});
  return result;
}

bool DriverMachine::fault_in(const std::vector<Operand>& operands, Burst& burst) {
  std::uint64_t need = 0;
  for (const Operand& operand : operands) need += operand.bytes;
  if (!memory_.could_hold(need)) return thrash(operands, burst);
  // Later operands may push out earlier ones, which come again. Each comes once at most: it is then the last
  // to leave, and all fit together.
  for (bool complete = false; !complete;) {
    complete = true;
    for (const Operand& operand : operands) {
      const std::uint64_t resident = memory_.resident(operand.tensor);
      if (resident >= operand.bytes) continue;
      complete = false;
      if (!fault(operand.tensor, operand.bytes - resident, burst)) return false;
    }
  }
  return true;
}

/// What comes first leaves first, so no sweep finds anything of the one before.
bool DriverMachine::thrash(const std::vector<Operand>& operands, Burst& burst) {
  for (int i = 0; i < kThrashingSweeps; ++i) {
    for (const Operand& operand : operands) {
      Flow flow;
      flow.evicted = memory_.send_away(operand.tensor, flow);
      memory_.free_room(flow.evicted);
      account(flow);
      burst.flow += flow;
      if (!fault(operand.tensor, operand.bytes, burst)) return false;
    }
  }
  return true;
}

bool DriverMachine::fault(TensorId tensor, std::uint64_t bytes, Burst& burst) {
  const std::uint64_t in_before = burst.flow.in;
  if (!bring(tensor, bytes, burst)) return false;
  const std::uint64_t faults = batches_.count(bytes);
  burst.faults += faults;
  result_.faults += faults;
  result_.fault_in_bytes += burst.flow.in - in_before;
  return true;
}

/// Bytes on their way out are room before anything is evicted.
bool DriverMachine::bring(TensorId tensor, std::uint64_t bytes, Burst& burst) {
  while (!departures_.empty() && (departures_.front().done_ns <= now_ns_ || !memory_.has_room(bytes))) {
    burst.room_ns = std::max(burst.room_ns, departures_.front().done_ns);
    memory_.free_room(departures_.front().bytes);
    departures_.pop_front();
  }
  Flow flow;
  const bool came = memory_.bring(tensor, bytes, flow);
  account(flow);
  burst.flow += flow;
  result_.peak_bytes = std::max(result_.peak_bytes, memory_.used());
  return came;
}

void DriverMachine::account(const Flow& flow) {
  result_.in_bytes += flow.in;
  result_.out_bytes += flow.out;
  result_.driver_evicted_bytes += flow.evicted;
}

void DriverMachine::serve(const Burst& burst) {
  const std::uint64_t batches =
      machine_.faults_overlap ? std::min<std::uint64_t>(burst.faults, 1) : burst.faults;
  const std::uint64_t begin_ns = std::max(now_ns_, burst.room_ns);
  const std::uint64_t out_ns = travel_out(burst.flow, begin_ns, 0);
  now_ns_ = std::max(out_ns, travel_in(burst.flow, begin_ns, batches * machine_.fault_ns));
}

/// When the bytes that leave have left. They may start at `from_ns`; `more_ns` is spent on them besides.
std::uint64_t DriverMachine::travel_out(const Flow& flow, std::uint64_t from_ns, std::uint64_t more_ns) {
  if (flow.out == 0) return from_ns;
  out_free_ns_ = std::max(from_ns, out_free_ns_) + more_ns +
                 memory_.host().travel_ns(flow.out, flow.out_tier, machine_.link_out_bytes_per_s);
  if (!machine_.link_duplex) in_free_ns_ = out_free_ns_;
  return out_free_ns_;
}

/// Likewise for those that come. Faults are served even if they bring no contents.
std::uint64_t DriverMachine::travel_in(const Flow& flow, std::uint64_t from_ns, std::uint64_t more_ns) {
  if (flow.in == 0) return from_ns + more_ns;
  in_free_ns_ = std::max(from_ns, in_free_ns_) + more_ns +
                memory_.host().travel_ns(flow.in, flow.in_tier, machine_.link_in_bytes_per_s);
  if (!machine_.link_duplex) out_free_ns_ = in_free_ns_;
  return in_free_ns_;
}

}  // namespace octrain::advisor
