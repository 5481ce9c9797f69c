// Follows where every tensor is, through the actions of a plan, the runs of ops, and what the memory moved by
// itself: the checker's rules of what is resident (docs/formats.md), for a plan that is known to be right.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"
#include "timeline.h"

namespace octrain::apps {

/// A block that the memory itself moved.
struct BlockMoved {
  advisor::TensorId tensor = 0;
  bool in = false;
  std::uint64_t end_ns = 0;
};

class StateWalk {
 public:
  /// `offsets` as arena_offsets(). All is referred to.
  StateWalk(const advisor::Schedule& schedule, const advisor::Plan& plan,
            const std::vector<std::uint64_t>& offsets, bool in_core);

  /// One iteration from the state that the last one left. `moved` in order of ends; each is taken into
  /// account by the run that ends after it (`ends_ns`, a run each, or empty: there are none).
  void iterate(const std::vector<std::uint64_t>& ends_ns, const std::vector<BlockMoved>& moved);

  /// Of the last iteration.
  [[nodiscard]] const std::vector<std::vector<StateChange>>& states() const { return changes_; }
  [[nodiscard]] const std::vector<std::uint64_t>& resident_bytes() const { return resident_bytes_; }

 private:
  struct State {
    bool resident = false, device_valid = false, host_valid = false, recomputed = false;
    std::uint64_t blocks_out = 0;  // of a resident tensor, not on the device
    std::size_t next_use = 0;      // in uses_
  };
  struct Use {
    std::uint32_t run = 0;
    bool reads = false;
  };

  void index_uses();
  void begin_iteration();
  void run(advisor::OpIndex op, bool again, advisor::OpIndex at);
  void write(advisor::OpIndex op, Cause cause, advisor::OpIndex at);
  void take_places(advisor::OpIndex op);
  void let_die(advisor::TensorId tensor, advisor::OpIndex op);
  void apply(const advisor::Action& action);
  void apply(const BlockMoved& moved, advisor::OpIndex op);
  void allocate(advisor::TensorId tensor);
  void release(advisor::TensorId tensor);
  [[nodiscard]] std::uint64_t held_bytes(advisor::TensorId tensor) const;
  [[nodiscard]] bool read_after(std::uint32_t run, advisor::TensorId tensor);
  [[nodiscard]] TensorState state_of(advisor::TensorId tensor) const;
  void note(advisor::TensorId tensor, Cause cause, advisor::OpIndex op);

  const advisor::Schedule& schedule_;
  const advisor::PlanIndex index_;
  const std::vector<std::uint64_t>& offsets_;
  std::vector<State> states_;
  std::vector<std::vector<Use>> uses_;
  std::vector<bool> starts_on_host_;
  const bool only_places_;  // tensors, and does nothing else with them
  std::uint32_t step_ = 0;  // the next run's, or the one's that is under way
  std::uint64_t used_bytes_ = 0;
  std::vector<std::vector<StateChange>> changes_;
  std::vector<std::uint64_t> resident_bytes_;
};

}  // namespace octrain::apps
