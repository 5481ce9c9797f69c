#include "driver_memory.h"

#include <algorithm>
#include <utility>

namespace octrain::advisor {

Flow& Flow::operator+=(const Flow& other) {
  in += other.in;
  in_tier += other.in_tier;
  out += other.out;
  out_tier += other.out_tier;
  evicted += other.evicted;
  return *this;
}

DriverMemory::DriverMemory(const std::vector<std::uint64_t>& tensor_bytes, const Machine& machine,
                           std::uint64_t budget_bytes)
    : tracks_writes_(machine.tracks_writes),
      block_bytes_(std::max<std::uint64_t>(machine.block_bytes, 1)),
      budget_(budget_bytes),
      host_(machine),
      states_(tensor_bytes.size()) {
  for (std::size_t tensor = 0; tensor < states_.size(); ++tensor)
    states_[tensor].bytes = tensor_bytes[tensor];
}

bool DriverMemory::bring(TensorId tensor, std::uint64_t bytes, Flow& flow) {
  State& state = states_[tensor];
  while (bytes > 0) {
    const std::uint64_t piece = std::min(bytes, budget_);
    HostShare taken = state.elsewhere.take(piece);
    // Block by block a bring-in frees the host memory that a write-out then takes.
    if (!tracks_writes_) host_.release(taken);
    if (piece == 0 || !make_room(piece, flow)) return false;
    flow.in += taken.total();
    flow.in_tier += taken.tier;
    if (!tracks_writes_) taken = {};
    state.copies += taken;
    state.resident += piece;
    used_ += piece;
    runs_.push_back({tensor, state.round, ++clock_, piece, taken});
    bytes -= piece;
  }
  return true;
}

bool DriverMemory::make_room(std::uint64_t bytes, Flow& flow) {
  while (!has_room(bytes)) {
    if (runs_.empty()) return false;
    evict_oldest(used_ + bytes - budget_, flow);
  }
  return true;
}

/// Whole blocks, of the oldest run only.
void DriverMemory::evict_oldest(std::uint64_t bytes, Flow& flow) {
  Run& run = runs_.front();
  State& state = states_[run.tensor];
  if (run.round != state.round) {
    runs_.pop_front();
    return;
  }
  const std::uint64_t blocks = (bytes + block_bytes_ - 1) / block_bytes_;
  const std::uint64_t leaving = std::min(run.bytes, blocks * block_bytes_);
  HostShare copy;
  if (run.came > state.written) {
    copy = run.copy.take(leaving);
    state.copies -= copy;
  }
  copy_out(state, copy, leaving, flow);
  flow.evicted += leaving;
  state.resident -= leaving;
  used_ -= leaving;
  run.bytes -= leaving;
  if (run.bytes == 0) runs_.pop_front();
}

/// `copies` is what of these bytes need not be copied again.
void DriverMemory::copy_out(State& state, const HostShare& copies, std::uint64_t bytes, Flow& flow) {
  const HostShare placed = host_.place(bytes - copies.total());
  flow.out += placed.total();
  flow.out_tier += placed.tier;
  state.elsewhere += placed;
  state.elsewhere += copies;
}

void DriverMemory::touch(TensorId tensor) {
  State& state = states_[tensor];
  if (state.resident > 0) runs_.push_back({tensor, ++state.round, ++clock_, state.resident, state.copies});
}

void DriverMemory::write(TensorId tensor) {
  host_.release(std::exchange(states_[tensor].copies, {}));
  states_[tensor].written = ++clock_;
}

std::uint64_t DriverMemory::send_away(TensorId tensor, Flow& flow) {
  State& state = states_[tensor];
  copy_out(state, std::exchange(state.copies, {}), state.resident, flow);
  ++state.round;
  return std::exchange(state.resident, 0);
}

void DriverMemory::drop(TensorId tensor) {
  State& state = states_[tensor];
  host_.release(std::exchange(state.elsewhere, {}));
  host_.release(std::exchange(state.copies, {}));
  used_ -= std::exchange(state.resident, 0);
  ++state.round;
}

void DriverMemory::supply(TensorId tensor) {
  drop(tensor);
  states_[tensor].elsewhere = host_.place(states_[tensor].bytes);
}

}  // namespace octrain::advisor
