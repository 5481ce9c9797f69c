// When what was sent away comes back: one rule for each of the policies that choose absences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gaps.h"
#include "pace.h"

namespace octrain::advisor {

/// Off the device from right after the gap's release until the swap-in, which is issued before an op.
struct Absence {
  std::size_t gap = 0;  ///< index into GapTable::gaps
  OpIndex in_before = 0;
  friend bool operator==(const Absence&, const Absence&) = default;
};

/// On demand: at the op that needs it.
[[nodiscard]] std::vector<Absence> return_at_need(const GapTable& table,
                                                  const std::vector<std::size_t>& gaps);

/// AutoSwap: a swap-in starts when the transfer before it ends, as late as it may. So the last ends where its
/// tensor is needed, and each other where it is needed or where the next must start.
[[nodiscard]] std::vector<Absence> return_as_late_as_possible(const Schedule& schedule, const GapTable& table,
                                                              const Pace& pace,
                                                              const std::vector<std::size_t>& gaps);

/// Capuchin: at the in-trigger, the last access from which the transfer, alone on the link, ends by the back
/// access; `ahead_ns` (one for each gap) earlier than that.
[[nodiscard]] std::vector<Absence> return_on_trigger(const Schedule& schedule, const GapTable& table,
                                                     const Pace& pace, const std::vector<std::size_t>& gaps,
                                                     const std::vector<std::uint64_t>& ahead_ns);

/// Capuchin's feedback: what an op waited (`wait_ns`) is how much earlier its swap-ins should have been
/// triggered, by an access at least; and those behind them too, for as long as the link has no pause, for
/// they were in time only because of that wait. Adds it to `ahead_ns`.
void trigger_earlier(const Schedule& schedule, const GapTable& table, const Pace& pace,
                     const std::vector<std::size_t>& gaps, const std::vector<std::uint64_t>& wait_ns,
                     std::vector<std::uint64_t>& ahead_ns);

/// FlashNeuron: as early as can be, but not before the backward pass; what starts on the host (a birth) from
/// the beginning.
[[nodiscard]] std::vector<Absence> return_as_early_as_possible(const Schedule& schedule,
                                                               const GapTable& table,
                                                               const std::vector<std::size_t>& gaps);

}  // namespace octrain::advisor
