// Small schedules by hand.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::testing {

class ScheduleBuilder {
 public:
  advisor::TensorId tensor(advisor::Role role, std::uint64_t bytes) {
    const auto id = static_cast<advisor::TensorId>(schedule_.tensors.size());
    schedule_.tensors.push_back({std::string("t").append(std::to_string(id)), role, bytes});
    return id;
  }
  advisor::OpIndex op(std::vector<advisor::TensorId> reads, std::vector<advisor::TensorId> writes,
                      std::uint64_t time_ns = 10, std::uint64_t workspace_bytes = 0,
                      advisor::Phase phase = advisor::Phase::forward) {
    const auto index = static_cast<advisor::OpIndex>(schedule_.ops.size());
    schedule_.ops.push_back({std::string("op").append(std::to_string(index)), phase, time_ns, workspace_bytes,
                             std::move(reads), std::move(writes)});
    return index;
  }
  void rename(advisor::OpIndex op, std::string name) { schedule_.ops[op].name = std::move(name); }
  void overwrite(advisor::OpIndex op, advisor::TensorId read, advisor::TensorId written) {
    schedule_.ops[op].overwrites.push_back({read, written});
  }
  [[nodiscard]] const advisor::Schedule& schedule() const { return schedule_; }

 private:
  advisor::Schedule schedule_;
};

/// Tensors are counted in bytes, a byte takes one nanosecond each way, nothing else costs.
[[nodiscard]] inline advisor::Machine unit_machine() {
  advisor::Machine machine;
  machine.name = "unit";
  machine.link_in_bytes_per_s = 1e9;
  machine.link_out_bytes_per_s = 1e9;
  return machine;
}

[[nodiscard]] inline advisor::Action prefetch(advisor::OpIndex before, advisor::TensorId tensor) {
  return {advisor::ActionKind::prefetch, before, tensor};
}
[[nodiscard]] inline advisor::Action evict(advisor::OpIndex after, advisor::TensorId tensor) {
  return {advisor::ActionKind::evict, after, tensor};
}
[[nodiscard]] inline advisor::Action discard(advisor::OpIndex after, advisor::TensorId tensor) {
  return {advisor::ActionKind::discard, after, tensor};
}
[[nodiscard]] inline advisor::Action recompute(advisor::OpIndex before, advisor::OpIndex op) {
  return {advisor::ActionKind::recompute, before, op};
}
[[nodiscard]] inline advisor::Action place(advisor::TensorId tensor, std::uint64_t offset_bytes) {
  return {advisor::ActionKind::place, 0, tensor, offset_bytes};
}

}  // namespace octrain::testing
