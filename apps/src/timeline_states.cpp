#include "timeline_states.h"

#include <algorithm>

#include "octrain/runtime/units.h"

namespace octrain::apps {

using advisor::ActionKind;
using advisor::OpIndex;
using advisor::TensorId;

namespace {

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

std::uint64_t blocks_of(const advisor::TensorInfo& tensor) {
  return runtime::round_up(tensor.bytes, runtime::kBlockBytes) / runtime::kBlockBytes;
}

bool only_places(const advisor::Plan& plan) {
  return std::ranges::all_of(plan.actions,
                             [](const advisor::Action& action) { return action.kind == ActionKind::place; });
}

Cause cause_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::evict:
      return Cause::evict;
    case ActionKind::discard:
      return Cause::discard;
    case ActionKind::free:
      return Cause::free;
    default:
      return Cause::prefetch;
  }
}

}  // namespace

StateWalk::StateWalk(const advisor::Schedule& schedule, const advisor::Plan& plan,
                     const std::vector<std::uint64_t>& offsets, bool in_core)
    : schedule_(schedule),
      index_(plan, schedule.ops.size()),
      offsets_(offsets),
      states_(schedule.tensors.size()),
      uses_(schedule.tensors.size()),
      starts_on_host_(schedule.tensors.size(), false),
      only_places_(!offsets.empty() && only_places(plan)),
      changes_(schedule.tensors.size()) {
  index_uses();
  for (TensorId tensor = 0; tensor < states_.size(); ++tensor) {
    const bool stays = advisor::outlives_iteration(schedule_.tensors[tensor].role);
    (in_core ? states_[tensor].device_valid : states_[tensor].host_valid) = stays;
    if (in_core && stays) allocate(tensor);
  }
}

void StateWalk::index_uses() {
  std::uint32_t run = 0;
  std::vector<bool> written(schedule_.tensors.size(), false);
  const auto add = [&](OpIndex op) {
    for (const TensorId tensor : schedule_.ops[op].reads) {
      uses_[tensor].push_back({run, true});
      if (!written[tensor]) starts_on_host_[tensor] = true;
    }
    for (const TensorId tensor : schedule_.ops[op].writes) {
      if (!contains(schedule_.ops[op].reads, tensor)) uses_[tensor].push_back({run, false});
      written[tensor] = true;
    }
    ++run;
  };
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const advisor::Action& action : index_.before[op]) {
      if (action.kind == ActionKind::recompute) add(action.target);
    }
    add(op);
  }
}

/// After that run, before what it holds is overwritten. (A workspace tensor is written part by part.)
bool StateWalk::read_after(std::uint32_t run, TensorId tensor) {
  const auto& uses = uses_[tensor];
  std::size_t& next = states_[tensor].next_use;
  while (next < uses.size() && uses[next].run <= run) ++next;
  const advisor::Role role = schedule_.tensors[tensor].role;
  if (next == uses.size()) return advisor::outlives_iteration(role);
  if (role != advisor::Role::workspace) return uses[next].reads;
  return std::any_of(uses.begin() + static_cast<std::ptrdiff_t>(next), uses.end(),
                     [](const Use& use) { return use.reads; });
}

TensorState StateWalk::state_of(TensorId tensor) const {
  const State& state = states_[tensor];
  if (state.resident && state.device_valid) {
    if (state.blocks_out > 0) return TensorState::partial;
    return state.recomputed ? TensorState::recomputed : TensorState::resident;
  }
  if (state.host_valid) return TensorState::host;
  return state.resident ? TensorState::dead : TensorState::none;
}

/// Of several changes at one boundary the last counts.
void StateWalk::note(TensorId tensor, Cause cause, OpIndex op) {
  std::vector<StateChange>& changes = changes_[tensor];
  const StateChange change{step_, state_of(tensor), cause, op};
  if (!changes.empty() && changes.back().state == change.state) return;
  if (!changes.empty() && changes.back().step == step_) changes.pop_back();
  if (changes.empty() || changes.back().state != change.state) changes.push_back(change);
}

void StateWalk::allocate(TensorId tensor) {
  states_[tensor].resident = true;
  states_[tensor].blocks_out = 0;
  used_bytes_ += schedule_.tensors[tensor].bytes;
}

void StateWalk::release(TensorId tensor) {
  State& state = states_[tensor];
  used_bytes_ -= held_bytes(tensor);
  state.resident = state.device_valid = state.recomputed = false;
  state.blocks_out = 0;
}

void StateWalk::begin_iteration() {
  step_ = 0;
  resident_bytes_.clear();
  for (TensorId tensor = 0; tensor < states_.size(); ++tensor) {
    State& state = states_[tensor];
    state.next_use = 0;
    state.recomputed = false;
    if (!advisor::outlives_iteration(schedule_.tensors[tensor].role)) {
      state.device_valid = false;
      state.host_valid = starts_on_host_[tensor];
    }
    changes_[tensor].clear();
    note(tensor, Cause::start, 0);
  }
}

void StateWalk::iterate(const std::vector<std::uint64_t>& ends_ns, const std::vector<BlockMoved>& moved) {
  begin_iteration();
  auto next = moved.begin();
  const auto run_next = [&](OpIndex op, bool again, OpIndex at) {
    const std::uint64_t end_ns = step_ < ends_ns.size() ? ends_ns[step_] : 0;
    for (; next != moved.end() && next->end_ns <= end_ns; ++next) apply(*next, op);
    run(op, again, at);
  };
  for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const advisor::Action& action : index_.before[op]) {
      if (action.kind == ActionKind::recompute) {
        run_next(action.target, true, op);
      } else {
        apply(action);
      }
    }
    run_next(op, false, op);
    for (const advisor::Action& action : index_.after[op]) apply(action);
  }
  // What happens behind the last run is the next iteration's picture.
  for (std::vector<StateChange>& changes : changes_) {
    while (!changes.empty() && changes.back().step >= step_ && step_ > 0) changes.pop_back();
  }
}

void StateWalk::apply(const advisor::Action& action) {
  const TensorId tensor = action.target;
  State& state = states_[tensor];
  if (action.kind == ActionKind::prefetch) {
    if (!state.resident) {
      allocate(tensor);
      state.device_valid = state.host_valid;
    }
  } else {
    state.host_valid = action.kind == ActionKind::evict && (state.host_valid || state.device_valid);
    if (state.resident) release(tensor);
    state.device_valid = false;
  }
  note(tensor, cause_of(action.kind), action.op);
}

std::uint64_t StateWalk::held_bytes(TensorId tensor) const {
  const std::uint64_t bytes = schedule_.tensors[tensor].bytes;
  return bytes - std::min(bytes, states_[tensor].blocks_out * runtime::kBlockBytes);
}

/// A tensor of which every block went away is on the host as if it had been evicted.
void StateWalk::apply(const BlockMoved& moved, OpIndex op) {
  State& state = states_[moved.tensor];
  const std::uint64_t blocks = blocks_of(schedule_.tensors[moved.tensor]);
  if (moved.in && !state.resident) {
    allocate(moved.tensor);
    state.device_valid = state.host_valid;
    used_bytes_ -= held_bytes(moved.tensor);
    state.blocks_out = blocks;
  }
  if (!state.resident) return;
  used_bytes_ -= held_bytes(moved.tensor);
  if (!moved.in && state.blocks_out < blocks) ++state.blocks_out;
  if (moved.in && state.blocks_out > 0) --state.blocks_out;
  used_bytes_ += held_bytes(moved.tensor);
  if (state.blocks_out == blocks) {
    state.host_valid = state.device_valid || state.host_valid;
    release(moved.tensor);
  }
  note(moved.tensor, moved.in ? Cause::fault : Cause::room, op);
}

void StateWalk::run(OpIndex op, bool again, OpIndex at) {
  for (const TensorId tensor : schedule_.ops[op].reads) {
    State& state = states_[tensor];
    if (!state.resident) allocate(tensor);  // by nobody's hint, and nobody told
    state.device_valid = true;
    note(tensor, Cause::fault, op);
  }
  write(op, again ? Cause::rerun : Cause::write, at);
  const advisor::Op& entry = schedule_.ops[op];
  ++step_;
  for (const auto* operands : {&entry.reads, &entry.writes}) {
    for (const TensorId tensor : *operands) let_die(tensor, op);
  }
}

void StateWalk::write(OpIndex op, Cause cause, OpIndex at) {
  take_places(op);
  for (const TensorId tensor : schedule_.ops[op].writes) {
    if (!states_[tensor].resident) allocate(tensor);
  }
  resident_bytes_.push_back(used_bytes_ + schedule_.ops[op].workspace_bytes);
  for (const TensorId tensor : schedule_.ops[op].writes) {
    State& state = states_[tensor];
    state.device_valid = true;
    state.host_valid = false;
    state.recomputed = cause == Cause::rerun;
    note(tensor, cause, at);
  }
}

/// What is written in place gets no bytes of its own: its input's become its.
void StateWalk::take_places(OpIndex op) {
  if (offsets_.empty()) return;
  for (const advisor::Overwrite& pair : schedule_.ops[op].overwrites) {
    const advisor::TensorInfo& read = schedule_.tensors[pair.read];
    const bool same_place = offsets_[pair.read] == offsets_[pair.written] && read.bytes > 0 &&
                            read.bytes == schedule_.tensors[pair.written].bytes;
    if (!same_place || !states_[pair.read].resident || states_[pair.written].resident) continue;
    if (read_after(step_, pair.read)) continue;
    release(pair.read);
    states_[pair.read].host_valid = false;
    note(pair.read, Cause::in_place, op);
    allocate(pair.written);
  }
}

/// The last run, that of `op`, is over: does anybody still read what the tensor holds?
void StateWalk::let_die(TensorId tensor, OpIndex op) {
  State& state = states_[tensor];
  if ((!state.device_valid && !state.host_valid) || read_after(step_ - 1, tensor)) return;
  state.device_valid = state.host_valid = state.recomputed = false;
  if (only_places_ && state.resident) release(tensor);  // nothing will; but others take its place
  note(tensor, Cause::last_use, op);
}

}  // namespace octrain::apps
