// A run that leaves to faults what no hint brings, in virtual time.
//
// An op starts when all its operands are resident, its own earlier ones not evicted by its later ones. Its
// faults are served in one burst: write-outs and bring-ins of a burst overlap on a duplex link, and the op
// waits for both.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "driver_memory.h"
#include "fault_batches.h"
#include "octrain/advisor/simulate.h"

namespace octrain::advisor {

class DriverMachine {
 public:
  DriverMachine(const Schedule& schedule, const Plan& hints, const Machine& machine,
                std::uint64_t budget_bytes);
  /// A cold iteration, then a warm one, which is reported.
  Simulation run();

 private:
  /// Bytes that a hint sends away: room once they have left.
  struct Departure {
    std::uint64_t done_ns = 0;
    std::uint64_t bytes = 0;
  };
  /// What an op, or a prefetch, has to wait for.
  struct Burst {
    Flow flow;
    std::uint64_t faults = 0;
    std::uint64_t room_ns = 0;  // departures are over
  };
  struct Operand {
    TensorId tensor = 0;
    std::uint64_t bytes = 0;
    bool writes = false;
  };

  void iterate();
  bool apply(const Action& action);
  void prefetch(TensorId tensor);
  void evict(TensorId tensor);
  bool run_op(OpIndex op, bool again);
  [[nodiscard]] std::vector<Operand> operands_of_run(OpIndex op) const;
  bool fault_in(const std::vector<Operand>& operands, Burst& burst);
  bool thrash(const std::vector<Operand>& operands, Burst& burst);
  bool fault(TensorId tensor, std::uint64_t bytes, Burst& burst);
  bool bring(TensorId tensor, std::uint64_t bytes, Burst& burst);
  void account(const Flow& flow);
  void serve(const Burst& burst);
  std::uint64_t travel_out(const Flow& flow, std::uint64_t from_ns, std::uint64_t more_ns);
  std::uint64_t travel_in(const Flow& flow, std::uint64_t from_ns, std::uint64_t more_ns);

  const Schedule& schedule_;
  const Machine& machine_;
  PlanIndex index_;
  TensorId workspace_;  // one more tensor, behind those of the schedule
  FaultBatches batches_;
  DriverMemory memory_;
  std::vector<TensorId> inputs_;           // the host writes them before each iteration
  std::vector<std::uint64_t> arrives_ns_;  // by tensor: what a hint brings is there
  std::deque<Departure> departures_;
  std::uint64_t now_ns_ = 0;
  std::uint64_t in_free_ns_ = 0;   // the link, host to device
  std::uint64_t out_free_ns_ = 0;  // and back; the same time unless the link is duplex
  std::uint64_t iteration_start_ns_ = 0;
  Simulation result_;
};

}  // namespace octrain::advisor
