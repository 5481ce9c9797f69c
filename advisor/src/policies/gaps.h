// The gaps between a tensor's uses, and which of them it spends off the device. `lookahead` thinks in these.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "octrain/advisor/liveness.h"
#include "octrain/advisor/machine.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct Gap {
  enum class Kind {
    birth,  ///< before the first use of a tensor that each iteration starts anew; it has no release
    pause,  ///< between two uses
    wrap,   ///< from a weight's last use to its first of the next iteration
  };
  TensorId tensor = 0;
  Kind kind = Kind::pause;
  OpIndex release = 0;     ///< the use before
  OpIndex need = 0;        ///< the use after
  bool live = false;       ///< the contents matter across the gap
  bool copies_in = false;  ///< the use after reads them
  bool absent = false;     ///< off the device in between; always so when dead or not born yet
  bool dirty = false;      ///< absent: begins with a write-out
};

/// Every gap of a schedule, by tensor and in the order of use (a wrap comes last).
struct GapTable {
  std::vector<Gap> gaps;
  std::vector<std::size_t> first;  ///< by tensor, and one past the last
};

[[nodiscard]] GapTable list_gaps(const Schedule& schedule, const Liveness& liveness);

using OpRange = std::pair<std::size_t, std::size_t>;  // [first, second)

/// The ops strictly between release and need: one range, or two where the gap runs over the end of the
/// iteration.
[[nodiscard]] std::array<OpRange, 2> inner_ops(const Gap& gap, std::size_t op_count);

/// Bytes on the device during each op, workspace included, when a tensor is there only where it must be.
[[nodiscard]] std::vector<std::uint64_t> occupied_bytes(const Schedule& schedule, const Liveness& liveness,
                                                        const GapTable& table);

/// Takes back absences for which there is room all along, the shortest first.
void keep_what_fits(const Schedule& schedule, const Liveness& liveness, GapTable& table,
                    std::uint64_t budget_bytes);

/// Settles which absences begin with a write-out: a tensor is written back once after it was written, or, on
/// a machine that copies what is clean as well, whenever it leaves.
void mark_dirty(const Liveness& liveness, const Machine& machine, GapTable& table);

}  // namespace octrain::advisor
