// The executor in virtual time: a compute lane and a first-in-first-out lane for each direction of the link.
//
// The compute lane issues a boundary's actions when it reaches them. A bring-in at the head of its lane waits
// for free bytes; an eviction frees its bytes when the write-out is done, at once if the host has a valid
// copy (and the machine knows to make use of it); an op waits for its operands and for the bytes of outputs
// that are not resident yet (none, in place). When both wait for bytes the op goes first.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "host_memory.h"
#include "octrain/advisor/simulate.h"

namespace octrain::advisor {

class VirtualMachine {
 public:
  VirtualMachine(const Schedule& schedule, const Plan& plan, const Machine& machine,
                 std::uint64_t budget_bytes);
  /// A cold iteration, then a warm one, which is reported.
  Simulation run();

 private:
  enum class Place : std::uint8_t { absent, arriving, resident, leaving };
  struct State {
    Place place = Place::absent;
    bool requested = false;  // waits in the in lane
    bool device_valid = false;
    bool host_valid = false;
    HostShare host;  // where the valid copy lies
  };
  struct Step {
    enum class Kind : std::uint8_t { run, rerun, prefetch, evict, discard } kind;
    std::uint32_t target;
  };
  struct Lane {
    std::deque<TensorId> waiting;
    std::uint64_t done_ns = kIdle;
    TensorId moving = 0;
    [[nodiscard]] bool idle() const { return done_ns == kIdle; }
  };
  static constexpr std::uint64_t kIdle = std::numeric_limits<std::uint64_t>::max();

  void list_steps(const Plan& plan);
  void iterate();
  void begin_iteration();
  bool advance_compute();
  bool issue(const Step& step);
  void evict(TensorId tensor);
  bool start_op(OpIndex op);
  [[nodiscard]] bool takes_place(const Overwrite& pair) const;
  void take_place(const Overwrite& pair);
  void finish_op();
  bool start_in();
  bool start_out();
  void finish_events();
  void free_bytes(TensorId tensor);
  void take_bytes(std::uint64_t bytes);
  [[nodiscard]] bool link_free(const Lane& lane) const;
  void set_host_valid(TensorId tensor, bool valid);
  [[nodiscard]] std::uint64_t transfer_ns(TensorId tensor, double bytes_per_s) const;
  [[nodiscard]] std::uint64_t next_event() const;

  const Schedule& schedule_;
  const Machine& machine_;
  std::uint64_t budget_;
  HostMemory host_;
  std::vector<Step> steps_;
  std::vector<State> states_;
  std::vector<std::uint64_t> offsets_;  // where tensors are placed, if they are
  std::vector<bool> starts_on_host_;
  Lane in_;
  Lane out_;
  std::size_t step_ = 0;
  std::uint64_t op_done_ns_ = kIdle;
  std::uint64_t now_ns_ = 0;
  std::uint64_t iteration_start_ns_ = 0;
  std::uint64_t last_op_ns_ = 0;  // when the last op that ran was done
  std::uint64_t used_ = 0;
  Simulation result_;
};

}  // namespace octrain::advisor
