// Predicts what a run costs on a machine: ops on one lane, one link each way, in virtual time; once cold and
// once warm, and reports the warm iteration. What exceeds the machine's host memory lies in the tier below
// it, and travels no faster than that.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// Who brings an op's operands to the device: the plan alone, or the driver, by faults.
enum class Paging { planned, on_demand };

struct Simulation {
  std::uint64_t total_ns = 0;
  std::uint64_t compute_ns = 0;
  std::uint64_t stall_ns = 0;
  std::uint64_t recompute_ns = 0;
  std::uint64_t in_bytes = 0;
  std::uint64_t out_bytes = 0;
  std::uint64_t discarded_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t faults = 0;  ///< batches of faults that were served; 0 in planned runs, as the next two
  std::uint64_t fault_in_bytes = 0;        ///< what of in_bytes the faults brought
  std::uint64_t driver_evicted_bytes = 0;  ///< by the driver, for want of room (copied or not)
  std::vector<std::uint64_t> op_start_ns;  ///< the timeline of the warm iteration, one entry an op
};

/// Carries the plan out as the executor does: transfers in issue order per direction; a bring-in waits for
/// free bytes; an op waits for its operands. `plan` must pass check() under `budget_bytes`; otherwise the
/// figures mean nothing.
[[nodiscard]] Simulation simulate(const Schedule& schedule, const Plan& plan, const Machine& machine,
                                  std::uint64_t budget_bytes);

/// Lets faults bring what `hints` do not, as the driver does: it takes free bytes first, then what came to
/// the device longest ago, and knows of no liveness. Any plan will do, an empty one is a run without hints
/// (um-naive).
[[nodiscard]] Simulation simulate_on_demand(const Schedule& schedule, const Plan& hints,
                                            const Machine& machine, std::uint64_t budget_bytes);

}  // namespace octrain::advisor
