// Predicts what a plan costs on a machine: ops on one lane, one link each way, in virtual time.
//
// It runs the plan as the executor does (transfers in issue order per direction; a bring-in waits for free
// bytes; an op waits for its operands), once cold and once warm, and reports the warm iteration.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct Simulation {
  std::uint64_t total_ns = 0;
  std::uint64_t compute_ns = 0;
  std::uint64_t stall_ns = 0;
  std::uint64_t recompute_ns = 0;
  std::uint64_t in_bytes = 0;
  std::uint64_t out_bytes = 0;
  std::uint64_t discarded_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::vector<std::uint64_t> op_start_ns;  ///< the timeline of the warm iteration, one entry an op
};

/// `plan` must pass check() under `budget_bytes`; otherwise the figures mean nothing.
[[nodiscard]] Simulation simulate(const Schedule& schedule, const Plan& plan, const Machine& machine,
                                  std::uint64_t budget_bytes);

}  // namespace octrain::advisor
