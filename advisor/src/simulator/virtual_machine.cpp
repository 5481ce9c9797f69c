#include "virtual_machine.h"

#include <algorithm>

#include "octrain/advisor/liveness.h"

namespace octrain::advisor {

VirtualMachine::VirtualMachine(const Schedule& schedule, const Plan& plan, const Machine& machine,
                               std::uint64_t budget_bytes)
    : schedule_(schedule),
      machine_(machine),
      budget_(budget_bytes),
      host_(machine),
      states_(schedule.tensors.size()),
      offsets_(arena_offsets(plan, schedule.tensors.size())),
      starts_on_host_(schedule.tensors.size()) {
  const Liveness liveness(schedule);
  for (TensorId tensor = 0; tensor < states_.size(); ++tensor) {
    starts_on_host_[tensor] = liveness.live_in(tensor);
    set_host_valid(tensor, outlives_iteration(schedule.tensors[tensor].role));
  }
  list_steps(plan);
}

/// One iteration as the compute lane meets it.
void VirtualMachine::list_steps(const Plan& plan) {
  const PlanIndex index(plan, schedule_.ops.size());
  const auto add = [&](const Action& action) {
    switch (action.kind) {
      case ActionKind::prefetch:
        steps_.push_back({Step::Kind::prefetch, action.target});
        break;
      case ActionKind::recompute:
        steps_.push_back({Step::Kind::rerun, action.target});
        break;
      case ActionKind::evict:
        steps_.push_back({Step::Kind::evict, action.target});
        break;
      case ActionKind::discard:
      case ActionKind::free:
        steps_.push_back({Step::Kind::discard, action.target});
        break;
      case ActionKind::place:
        break;
    }
  };
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const Action& action : index.before[op]) add(action);
    steps_.push_back({Step::Kind::run, op});
    for (const Action& action : index.after[op]) add(action);
  }
}

Simulation VirtualMachine::run() {
  iterate();
  iterate();
  result_.total_ns = last_op_ns_ - iteration_start_ns_;
  const std::uint64_t busy_ns = result_.compute_ns + result_.recompute_ns;
  result_.stall_ns = result_.total_ns - std::min(result_.total_ns, busy_ns);
  return std::move(result_);
}

void VirtualMachine::iterate() {
  begin_iteration();
  while (step_ < steps_.size()) {
    while (advance_compute() || start_in() || start_out()) {
    }
    if (step_ == steps_.size()) break;
    const std::uint64_t event_ns = next_event();
    if (event_ns == kIdle) break;  // only an invalid plan gets stuck
    now_ns_ = event_ns;
    finish_events();
  }
}

void VirtualMachine::begin_iteration() {
  step_ = 0;
  iteration_start_ns_ = last_op_ns_;
  result_ = {};
  result_.peak_bytes = used_;
  for (TensorId tensor = 0; tensor < states_.size(); ++tensor) {
    if (outlives_iteration(schedule_.tensors[tensor].role)) continue;
    states_[tensor].device_valid = false;
    set_host_valid(tensor, starts_on_host_[tensor]);
  }
}

/// One step of the compute lane; false if it must wait.
bool VirtualMachine::advance_compute() {
  if (op_done_ns_ != kIdle || step_ == steps_.size()) return false;
  const Step& step = steps_[step_];
  if (step.kind == Step::Kind::run || step.kind == Step::Kind::rerun) return start_op(step.target);
  if (!issue(step)) return false;
  ++step_;
  return true;
}

bool VirtualMachine::issue(const Step& step) {
  State& state = states_[step.target];
  if (step.kind == Step::Kind::prefetch) {
    if (state.requested || state.place == Place::arriving || state.place == Place::resident) return true;
    state.requested = true;
    in_.waiting.push_back(step.target);
    return true;
  }
  const bool at_rest = !state.requested && state.place != Place::arriving && state.place != Place::leaving;
  if (!at_rest) return false;
  if (step.kind == Step::Kind::evict) {
    if (state.place == Place::resident) evict(step.target);
    return true;
  }
  if (state.place == Place::resident) {
    result_.discarded_bytes += schedule_.tensors[step.target].bytes;
    free_bytes(step.target);
  }
  set_host_valid(step.target, false);
  return true;
}

void VirtualMachine::evict(TensorId tensor) {
  State& state = states_[tensor];
  const bool is_clean = state.host_valid && !machine_.clean_evictions_copy;
  if (!state.device_valid || is_clean) {
    free_bytes(tensor);
    return;
  }
  state.place = Place::leaving;
  state.device_valid = false;
  set_host_valid(tensor, true);  // nobody reads it before it has left
  result_.out_bytes += schedule_.tensors[tensor].bytes;
  out_.waiting.push_back(tensor);
}

/// In a valid plan nobody comes to lie over another that still has its bytes, except in its place.
bool VirtualMachine::takes_place(const Overwrite& pair) const {
  const std::uint64_t bytes = schedule_.tensors[pair.read].bytes;
  return bytes > 0 && bytes == schedule_.tensors[pair.written].bytes && !offsets_.empty() &&
         offsets_[pair.read] == offsets_[pair.written] && states_[pair.read].place == Place::resident &&
         states_[pair.written].place == Place::absent;
}

void VirtualMachine::take_place(const Overwrite& pair) {
  states_[pair.written].place = Place::resident;
  states_[pair.read].place = Place::absent;
  states_[pair.read].device_valid = false;
  set_host_valid(pair.read, false);
}

bool VirtualMachine::start_op(OpIndex index) {
  const Op& op = schedule_.ops[index];
  std::uint64_t need = op.workspace_bytes;
  for (const TensorId tensor : op.reads) {
    if (states_[tensor].place != Place::resident) return false;
  }
  for (const TensorId tensor : op.writes) {
    const State& state = states_[tensor];
    if (state.place == Place::resident) continue;
    if (state.requested || state.place != Place::absent) return false;
    need += schedule_.tensors[tensor].bytes;
  }
  for (const Overwrite& pair : op.overwrites) {
    if (takes_place(pair)) need -= schedule_.tensors[pair.written].bytes;
  }
  if (used_ + need > budget_) return false;
  take_bytes(need);
  for (const Overwrite& pair : op.overwrites) {
    if (takes_place(pair)) take_place(pair);
  }
  for (const TensorId tensor : op.writes) states_[tensor].place = Place::resident;
  if (steps_[step_].kind == Step::Kind::run) {
    result_.op_start_ns.push_back(now_ns_ - iteration_start_ns_);
    result_.compute_ns += op.time_ns;
  } else {
    result_.recompute_ns += op.time_ns;
  }
  op_done_ns_ = now_ns_ + op.time_ns;
  return true;
}

void VirtualMachine::finish_op() {
  const Op& op = schedule_.ops[steps_[step_].target];
  used_ -= op.workspace_bytes;
  for (const TensorId tensor : op.writes) {
    states_[tensor].device_valid = true;
    set_host_valid(tensor, false);
  }
  op_done_ns_ = kIdle;
  last_op_ns_ = now_ns_;
  ++step_;
}

bool VirtualMachine::link_free(const Lane& lane) const {
  const Lane& other = &lane == &in_ ? out_ : in_;
  return lane.idle() && (machine_.link_duplex || other.idle());
}

bool VirtualMachine::start_in() {
  if (in_.waiting.empty() || !in_.idle()) return false;
  const TensorId tensor = in_.waiting.front();
  State& state = states_[tensor];
  const std::uint64_t bytes = schedule_.tensors[tensor].bytes;
  if (state.place != Place::absent || used_ + bytes > budget_) return false;
  if (state.host_valid && !link_free(in_)) return false;
  in_.waiting.pop_front();
  take_bytes(bytes);
  state.requested = false;
  state.place =
      state.host_valid ? Place::arriving : Place::resident;  // dead contents only reserve their bytes
  if (!state.host_valid) return true;
  in_.moving = tensor;
  in_.done_ns = now_ns_ + transfer_ns(tensor, machine_.link_in_bytes_per_s);
  result_.in_bytes += bytes;
  return true;
}

bool VirtualMachine::start_out() {
  if (out_.waiting.empty() || !link_free(out_)) return false;
  out_.moving = out_.waiting.front();
  out_.waiting.pop_front();
  out_.done_ns = now_ns_ + transfer_ns(out_.moving, machine_.link_out_bytes_per_s);
  return true;
}

void VirtualMachine::finish_events() {
  if (out_.done_ns == now_ns_) {
    free_bytes(out_.moving);
    out_.done_ns = kIdle;
  }
  if (in_.done_ns == now_ns_) {
    states_[in_.moving].place = Place::resident;
    states_[in_.moving].device_valid = true;
    in_.done_ns = kIdle;
  }
  if (op_done_ns_ == now_ns_) finish_op();
}

void VirtualMachine::free_bytes(TensorId tensor) {
  states_[tensor].place = Place::absent;
  states_[tensor].device_valid = false;
  used_ -= schedule_.tensors[tensor].bytes;
}

void VirtualMachine::take_bytes(std::uint64_t bytes) {
  used_ += bytes;
  result_.peak_bytes = std::max(result_.peak_bytes, used_);
}

void VirtualMachine::set_host_valid(TensorId tensor, bool valid) {
  State& state = states_[tensor];
  if (valid == state.host_valid) return;
  state.host_valid = valid;
  if (valid) {
    state.host = host_.place(schedule_.tensors[tensor].bytes);
  } else {
    host_.release(state.host);
    state.host = {};
  }
}

std::uint64_t VirtualMachine::transfer_ns(TensorId tensor, double bytes_per_s) const {
  const std::uint64_t tier_bytes = states_[tensor].host.tier;
  if (bytes_per_s <= 0 && tier_bytes == 0) return 0;
  return machine_.transfer_latency_ns +
         host_.travel_ns(schedule_.tensors[tensor].bytes, tier_bytes, bytes_per_s);
}

std::uint64_t VirtualMachine::next_event() const {
  return std::min({op_done_ns_, in_.done_ns, out_.done_ns});
}

}  // namespace octrain::advisor
