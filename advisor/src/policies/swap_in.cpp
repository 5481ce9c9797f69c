#include "swap_in.h"

#include <algorithm>
#include <limits>

#include "occupancy.h"

namespace octrain::advisor {
namespace {

/// The order in which they are needed; of those that one op needs, the order of the table.
std::vector<std::size_t> by_need(const GapTable& table, std::vector<std::size_t> gaps) {
  std::sort(gaps.begin(), gaps.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(table.gaps[a].need, a) < std::pair(table.gaps[b].need, b);
  });
  return gaps;
}

std::uint64_t in_ns(const Schedule& schedule, const Pace& pace, const Gap& gap) {
  return gap.copies_in ? pace.in_ns(schedule.tensors[gap.tensor].bytes) : 0;
}

OpIndex first_backward_op(const Schedule& schedule) {
  const auto found = std::find_if(schedule.ops.begin(), schedule.ops.end(),
                                  [](const Op& op) { return op.phase == Phase::backward; });
  return static_cast<OpIndex>(found - schedule.ops.begin());
}

}  // namespace

std::vector<Absence> return_at_need(const GapTable& table, const std::vector<std::size_t>& gaps) {
  std::vector<Absence> absences;
  absences.reserve(gaps.size());
  for (const std::size_t gap : gaps) absences.push_back({gap, table.gaps[gap].need});
  return absences;
}

std::vector<Absence> return_as_late_as_possible(const Schedule& schedule, const GapTable& table,
                                                const Pace& pace, const std::vector<std::size_t>& gaps) {
  std::vector<Absence> absences;
  absences.reserve(gaps.size());
  const std::vector<std::size_t> order = by_need(table, gaps);
  std::int64_t next_ns = std::numeric_limits<std::int64_t>::max();
  for (auto gap_index = order.rbegin(); gap_index != order.rend(); ++gap_index) {
    const Gap& gap = table.gaps[*gap_index];
    next_ns = std::min(next_ns, static_cast<std::int64_t>(pace.start_ns(gap.need))) -
              static_cast<std::int64_t>(in_ns(schedule, pace, gap));
    absences.push_back({*gap_index, pace.boundary_by(next_ns, earliest_return(gap), gap.need)});
  }
  std::reverse(absences.begin(), absences.end());
  return absences;
}

std::vector<Absence> return_on_trigger(const Schedule& schedule, const GapTable& table, const Pace& pace,
                                       const std::vector<std::size_t>& gaps,
                                       const std::vector<std::uint64_t>& ahead_ns) {
  std::vector<Absence> absences;
  absences.reserve(gaps.size());
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const Gap& gap = table.gaps[gaps[i]];
    const std::int64_t start_ns = static_cast<std::int64_t>(pace.start_ns(gap.need)) -
                                  static_cast<std::int64_t>(in_ns(schedule, pace, gap) + ahead_ns[i]);
    absences.push_back({gaps[i], pace.boundary_by(start_ns, earliest_return(gap), gap.need)});
  }
  return absences;
}

std::vector<Absence> return_as_early_as_possible(const Schedule& schedule, const Liveness& liveness,
                                                 const GapTable& table, const std::vector<std::size_t>& gaps,
                                                 std::uint64_t budget_bytes) {
  GapTable away = table;
  for (Gap& gap : away.gaps) gap.absent = gap.kind == Gap::Kind::birth || !gap.live;
  for (const std::size_t gap : gaps) away.gaps[gap].absent = true;
  Occupancy occupancy(occupied_bytes(schedule, liveness, away));
  const OpIndex backward = first_backward_op(schedule);
  std::vector<Absence> absences;
  absences.reserve(gaps.size());
  for (const std::size_t gap_index : by_need(table, gaps)) {
    const Gap& gap = table.gaps[gap_index];
    const std::uint64_t bytes = schedule.tensors[gap.tensor].bytes;
    const OpIndex from =
        gap.kind == Gap::Kind::birth ? 0 : std::min(std::max(earliest_return(gap), backward), gap.need);
    const auto full = occupancy.last_above(from, gap.need, budget_bytes - std::min(bytes, budget_bytes));
    const auto before = static_cast<OpIndex>(full ? *full + 1 : from);
    occupancy.add(before, gap.need, bytes);
    absences.push_back({gap_index, before});
  }
  return absences;
}

}  // namespace octrain::advisor
