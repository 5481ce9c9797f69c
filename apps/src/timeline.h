// Where each tensor was in one recorded iteration of a training, and what moved when: plain data, for
// pictures.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"
#include "octrain/runtime/trace.h"
#include "octrain/runtime/transfer_log.h"

namespace octrain::apps {

enum class TensorState : std::uint8_t {
  none,        ///< contents dead, no bytes
  resident,    ///< on the device
  recomputed,  ///< on the device, made by an op that ran once more
  partial,     ///< some blocks on the device, others on the host
  host,        ///< contents on the host only
  dead,        ///< contents dead, yet the device's bytes are held
};

/// What brought a tensor into its state.
enum class Cause : std::uint8_t {
  start,     ///< was so when the iteration began
  prefetch,  ///< actions of the plan
  evict,
  discard,
  free,
  write,     ///< the op wrote it
  rerun,     ///< the op was run again for another
  fault,     ///< brought on demand while the op ran
  room,      ///< evicted by the memory itself, for want of room
  last_use,  ///< nobody reads it after the op
  in_place,  ///< the op wrote another tensor on its bytes
};

/// From step `step` on; at its boundary for actions.
struct StateChange {
  std::uint32_t step = 0;
  TensorState state{};
  Cause cause{};
  advisor::OpIndex op = 0;  ///< before or after which, in which; of `rerun` the op that it was run again for
  friend bool operator==(const StateChange&, const StateChange&) = default;
};

/// A run of an op. Times are counted from the iteration's start; the first may be a little before it.
struct Step {
  advisor::OpIndex op = 0;
  bool again = false;
  std::int64_t start_ns = 0;  ///< of waiting
  std::uint64_t stall_ns = 0, run_ns = 0;
  std::uint64_t resident_bytes = 0;  ///< by the states, workspace included
};

/// What was moved at once.
struct Slice {
  static constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();
  std::int64_t start_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t bytes = 0;
  std::uint32_t tensor = kUnknown;  ///< the number of tensors: workspace
};

struct Timeline {
  std::uint64_t iteration = 0, duration_ns = 0;
  bool driver_moves = false;  ///< what a driver moved by itself is not in here
  std::vector<Step> steps;
  std::vector<std::vector<StateChange>> states;                   ///< by tensor; the first at step 0
  std::array<std::vector<Slice>, runtime::kTransferKinds> lanes;  ///< by TransferKind, in order of starts
  std::vector<std::pair<std::int64_t, std::uint64_t>> resident;   ///< measured: bytes from then on
};

/// The plan of the iterations from `first` on, and where its tensors lie.
struct PlanInUse {
  std::uint64_t first = 0;
  const advisor::Plan* plan = nullptr;
};

struct Recorded {
  const advisor::Schedule& schedule;
  std::span<const PlanInUse> plans;  ///< in order; at least one
  std::span<const runtime::Trace::Iteration> iterations;
  const runtime::TransferLog& log;
  bool in_core = false;  ///< everything is on the device all the time
};

/// Of the last recorded iteration; empty (no steps) if there is none.
[[nodiscard]] Timeline make_timeline(const Recorded& recorded);

}  // namespace octrain::apps
