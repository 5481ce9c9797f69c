// When ops run and how long transfers take while nothing waits: what plans are timed by before they run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gaps.h"
#include "octrain/advisor/machine.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

class Pace {
 public:
  Pace(const Schedule& schedule, const Machine& machine);

  /// Of one past the last op: the end of the iteration.
  [[nodiscard]] std::uint64_t start_ns(std::size_t op) const { return starts_[op]; }
  [[nodiscard]] std::uint64_t in_ns(std::uint64_t bytes) const;
  [[nodiscard]] std::uint64_t out_ns(std::uint64_t bytes) const;
  /// From the end of the use before to the start of the use after, the next iteration's for a wrap.
  [[nodiscard]] std::uint64_t absence_ns(const Gap& gap) const;
  /// The first op that starts at `ns` or later; one past the last if none does.
  [[nodiscard]] std::size_t first_from(std::uint64_t ns) const;
  /// The last op of [from, to] that has started by `ns`; `from` if none has. What is issued before it is
  /// under way by then.
  [[nodiscard]] OpIndex boundary_by(std::int64_t ns, OpIndex from, OpIndex to) const;

 private:
  const Machine& machine_;
  std::vector<std::uint64_t> starts_;
};

/// The first boundary at which a gap's tensor may come back at all.
[[nodiscard]] OpIndex earliest_return(const Gap& gap);

}  // namespace octrain::advisor
