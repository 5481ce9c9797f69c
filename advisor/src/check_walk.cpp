#include "check_walk.h"

#include <algorithm>

namespace octrain::advisor {

Walk::Walk(const Schedule& schedule, const Plan& plan, Offsets offsets, std::uint64_t budget_bytes,
           Verdicts& verdicts)
    : schedule_(schedule),
      index_(plan, schedule.ops.size()),
      budget_(budget_bytes),
      verdicts_(verdicts),
      states_(schedule.tensors.size()),
      holders_(schedule, std::move(offsets)),
      starts_on_host_(schedule.tensors.size(), false),
      uses_(schedule.tensors.size()) {
  expect_writers();
  index_uses();
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    if (outlives_iteration(schedule.tensors[tensor].role)) set_host_valid(tensor, true);
  }
}

bool Walk::pure_write(OpIndex op, TensorId tensor) const {
  const auto& reads = schedule_.ops[op].reads;
  return std::find(reads.begin(), reads.end(), tensor) == reads.end();
}

/// Whose result each op reads in the plain schedule: a recomputed op must not put older contents in its
/// place.
void Walk::expect_writers() {
  std::vector<OpIndex> writer(schedule_.tensors.size(), kInitial);
  std::vector<bool> written(schedule_.tensors.size(), false);
  writers_.resize(schedule_.ops.size());
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const TensorId tensor : schedule_.ops[op].reads) {
      writers_[op].push_back(writer[tensor]);
      if (!written[tensor]) starts_on_host_[tensor] = true;
    }
    for (const TensorId tensor : schedule_.ops[op].writes) {
      writer[tensor] = op;
      written[tensor] = true;
    }
  }
}

void Walk::index_uses() {
  std::size_t run = 0;
  const auto add = [&](OpIndex op) {
    ++run;
    for (const TensorId tensor : schedule_.ops[op].reads) uses_[tensor].push_back({run, true});
    for (const TensorId tensor : schedule_.ops[op].writes) {
      if (pure_write(op, tensor)) uses_[tensor].push_back({run, false});
    }
  };
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const Action& action : index_.before[op]) {
      if (action.kind == ActionKind::recompute) add(action.target);
    }
    add(op);
  }
}

/// Does a later run of this iteration read what the tensor holds now (or the next iteration)?
bool Walk::read_later(TensorId tensor) const {
  const auto& uses = uses_[tensor];
  const auto next = std::upper_bound(uses.begin(), uses.end(), run_,
                                     [](std::size_t left, const Use& right) { return left < right.run; });
  if (next != uses.end()) return next->reads;
  return outlives_iteration(schedule_.tensors[tensor].role);
}

/// Small buffers of many ops share a workspace tensor, each op writing a part of its own: who wrote last says
/// nothing of the other parts.
bool Walk::holds(TensorId tensor, OpIndex expected_writer) const {
  return schedule_.tensors[tensor].role == Role::workspace || states_[tensor].writer == expected_writer;
}

void Walk::begin_iteration() {
  run_ = 0;
  for (TensorId tensor = 0; tensor < states_.size(); ++tensor) {
    State& state = states_[tensor];
    state.writer = kInitial;
    if (outlives_iteration(schedule_.tensors[tensor].role)) continue;
    // What is left of the last iteration is dead, yet keeps its bytes until someone frees them.
    state.device_valid = false;
    set_host_valid(tensor, starts_on_host_[tensor]);
  }
}

void Walk::iterate() {
  begin_iteration();
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const Action& action : index_.before[op]) apply(action);
    run_op(op);
    for (const Action& action : index_.after[op]) apply(action);
  }
}

void Walk::apply(const Action& action) {
  if (action.kind == ActionKind::recompute) return recompute(action);
  if (action.kind == ActionKind::prefetch) return bring(action);
  let_go(action);
}

void Walk::bring(const Action& action) {
  State& state = states_[action.target];
  if (state.resident) return;  // a touch
  allocate(action.target, action.op);
  state.device_valid = state.host_valid;
  measure(action.op, action.target, 0);
}

void Walk::let_go(const Action& action) {
  State& state = states_[action.target];
  const auto told = [&](const char* why) {
    return std::string(to_string(action.kind)) + " of " + verdicts_.tensor_text(action.target) +
           " after op " + verdicts_.op_text(action.op) + why;
  };
  if (action.kind == ActionKind::evict) {
    if (!state.resident) {
      verdicts_.add(Defect::evict_not_resident, action.op, action.target, told(": it is not resident"));
      return;
    }
    if (state.device_valid) set_host_valid(action.target, true);
    release(action.target);
    return;
  }
  const std::optional<TensorId> other = holders_.in_the_way(action.target);
  if (other && !state.resident && !state.host_valid) {
    verdicts_.add(Defect::discard_of_live, action.op, action.target,
                  told(": its bytes are those of ") + verdicts_.tensor_text(*other) + " now");
  }
  const bool live = (state.device_valid || state.host_valid) && read_later(action.target);
  if (live) {
    verdicts_.add(Defect::discard_of_live, action.op, action.target, told(": its contents are still needed"));
  }
  set_host_valid(action.target, false);
  if (state.resident) release(action.target);
  state.device_valid = false;
  holders_.give_up(action.target);
}

bool Walk::can_recompute(const Action& action) {
  const Op& op = schedule_.ops[action.target];
  const auto told = [&](const std::string& why) {
    return "recompute of op " + verdicts_.op_text(action.target) + " before op " +
           verdicts_.op_text(action.op) + why;
  };
  const bool updates = std::any_of(op.writes.begin(), op.writes.end(), [&](TensorId tensor) {
    return !pure_write(action.target, tensor) || schedule_.tensors[tensor].role == Role::workspace;
  });
  if (op.phase == Phase::update || updates) {
    verdicts_.add(Defect::recompute_of_update, action.op, action.target, told(": it updates what it writes"));
    return false;
  }
  for (std::size_t i = 0; i < op.reads.size(); ++i) {
    const State& state = states_[op.reads[i]];
    if (state.resident && state.device_valid && holds(op.reads[i], writers_[action.target][i])) continue;
    verdicts_.add(Defect::recompute_without_inputs, action.op, action.target,
                  told(": its input " + verdicts_.tensor_text(op.reads[i]) +
                       (state.resident ? " does not hold what it read the first time" : " is not resident")));
    return false;
  }
  return true;
}

void Walk::recompute(const Action& action) {
  ++run_;
  if (can_recompute(action)) write(action.target, action.op);
}

void Walk::run_op(OpIndex op) {
  ++run_;
  const auto& reads = schedule_.ops[op].reads;
  for (std::size_t i = 0; i < reads.size(); ++i) read(op, reads[i], writers_[op][i]);
  write(op, op);
}

void Walk::read(OpIndex op, TensorId tensor, OpIndex expected_writer) {
  State& state = states_[tensor];
  const auto told = [&] { return "op " + verdicts_.op_text(op) + " reads " + verdicts_.tensor_text(tensor); };
  if (!state.device_valid && !state.host_valid) {
    verdicts_.add(Defect::reads_discarded, op, tensor,
                  told() + ", whose contents were discarded or never written");
  } else if (!state.resident || !state.device_valid) {
    verdicts_.add(Defect::reads_not_resident, op, tensor, told() + ", which was not brought to the device");
  } else if (!holds(tensor, expected_writer)) {
    verdicts_.add(Defect::reads_discarded, op, tensor, told() + ", whose contents a recomputed op overwrote");
  }
  // Go on as if it had been well, so that one defect is told once.
  if (!state.resident) allocate(tensor, op);
  state.device_valid = true;
  state.writer = expected_writer;
}

/// The writing half of a run of `op` at boundary `at`: outputs that are not resident get their bytes here.
void Walk::write(OpIndex op, OpIndex at) {
  take_places(op);
  for (const TensorId tensor : schedule_.ops[op].writes) {
    if (!states_[tensor].resident) allocate(tensor, at);
  }
  measure(at, op, schedule_.ops[op].workspace_bytes);
  for (const TensorId tensor : schedule_.ops[op].writes) {
    State& state = states_[tensor];
    state.device_valid = true;
    set_host_valid(tensor, false);
    state.writer = op;
  }
}

/// What is written in place gets no bytes of its own: its input's become its.
void Walk::take_places(OpIndex op) {
  for (const Overwrite& pair : schedule_.ops[op].overwrites) {
    if (!states_[pair.read].resident || states_[pair.written].resident || read_later(pair.read)) continue;
    if (!lies_in_place(schedule_, op, pair, holders_.offsets())) continue;
    release(pair.read);
    set_host_valid(pair.read, false);
    holders_.give_up(pair.read);
    allocate(pair.written, op);
  }
}

void Walk::allocate(TensorId tensor, OpIndex at) {
  states_[tensor].resident = true;
  used_ += schedule_.tensors[tensor].bytes;
  take_bytes(tensor, at);
}

void Walk::release(TensorId tensor) {
  State& state = states_[tensor];
  state.resident = false;
  state.device_valid = false;
  used_ -= schedule_.tensors[tensor].bytes;
}

void Walk::set_host_valid(TensorId tensor, bool valid) {
  states_[tensor].host_valid = valid;
  if (valid) take_bytes(tensor, 0);
}

void Walk::take_bytes(TensorId tensor, OpIndex at) {
  if (const std::optional<TensorId> other = holders_.in_the_way(tensor)) {
    verdicts_.add(Defect::overlapping_placement, at, tensor,
                  verdicts_.tensor_text(tensor) + " comes to lie over " + verdicts_.tensor_text(*other) +
                      ", which still has its bytes at op " + verdicts_.op_text(at));
    return;
  }
  holders_.take(tensor);
}

void Walk::measure(OpIndex at, std::uint32_t target, std::uint64_t workspace_bytes) {
  const std::uint64_t bytes = used_ + workspace_bytes;
  peak_ = std::max(peak_, bytes);
  if (bytes <= budget_) return;
  verdicts_.add(Defect::over_budget, at, target,
                "op " + verdicts_.op_text(at) + " exceeds the budget of " + std::to_string(budget_) +
                    " bytes by " + std::to_string(bytes - budget_) + " bytes",
                bytes - budget_);
}

}  // namespace octrain::advisor
