// Faults and hints of the host's managed memory, on tensors of one size.
#pragma once

#include "fault_times.h"
#include "octrain/runtime/host/host_space.h"

namespace octrain::bench {

struct FaultCase {
  runtime::host::HostSpaceOptions space;  ///< tier, pace, page mover; the budget is the measurement's
  std::uint64_t tensor_bytes = 0;
  std::uint64_t half_bytes = 0;  ///< of blocks: about so many are brought in, and the budget holds as many
  bool writes = false;           ///< what is touched is written, and dirty; else read, and clean
  bool evicts = false;           ///< the device is full: for each block that comes one such must leave
};

struct FaultResult {
  std::uint64_t tensors = 0;  ///< brought in, each round
  FaultTimes faults{};
  double hint_seconds = 0;  ///< all rounds, as the faults' times
  bool right = true;        ///< contents were what they should be, and moved as they should
};

/// Brings the same tensors in `rounds` times by touching each of their blocks, and as often by hints.
[[nodiscard]] FaultResult measure_faults(const FaultCase& of, int rounds);

}  // namespace octrain::bench
