// When each absent tensor comes back: as early as the device has room, in the order of need.
#pragma once

#include <cstdint>
#include <vector>

#include "gaps.h"
#include "octrain/advisor/machine.h"

namespace octrain::advisor {

struct Arrival {
  OpIndex before = 0;  ///< issued before this op
  OpIndex need = 0;
  TensorId tensor = 0;
  bool copies_in = false;  ///< false: only bytes are reserved, for contents to be written
};

struct HoistOptions {
  std::uint64_t budget_bytes = 0;
  bool reserves = true;  ///< reserve bytes of outputs ahead too; otherwise the op that writes them allocates
};

/// In the order of issue. Bytes on their way out count as occupied for as long as the link will need for
/// them.
[[nodiscard]] std::vector<Arrival> hoist(const Schedule& schedule, const Liveness& liveness,
                                         const Machine& machine, const GapTable& table,
                                         const HoistOptions& options);

}  // namespace octrain::advisor
