#include "swap_in.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

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

void trigger_earlier(const Schedule& schedule, const GapTable& table, const Pace& pace,
                     const std::vector<std::size_t>& gaps, const std::vector<std::uint64_t>& wait_ns,
                     std::vector<std::uint64_t>& ahead_ns) {
  std::vector<std::size_t> order(gaps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return table.gaps[gaps[a]].need < table.gaps[gaps[b]].need;
  });
  std::int64_t link_free_ns = std::numeric_limits<std::int64_t>::min();
  std::uint64_t waited_ns = 0;
  std::size_t counted = 0;  // ops whose wait is in waited_ns
  for (const std::size_t i : order) {
    const Gap& gap = table.gaps[gaps[i]];
    const auto travel_ns = static_cast<std::int64_t>(in_ns(schedule, pace, gap));
    const std::int64_t start_ns = static_cast<std::int64_t>(pace.start_ns(gap.need)) - travel_ns -
                                  static_cast<std::int64_t>(ahead_ns[i]);
    if (start_ns > link_free_ns) waited_ns = 0;
    if (gap.need >= counted) waited_ns += wait_ns[gap.need];
    counted = gap.need + std::size_t{1};
    link_free_ns = std::max(link_free_ns, start_ns) + travel_ns;
    const OpIndex trigger = pace.boundary_by(start_ns, earliest_return(gap), gap.need);
    if (waited_ns == 0 || trigger == earliest_return(gap)) continue;
    const std::uint64_t one_access_ns = static_cast<std::uint64_t>(start_ns) - pace.start_ns(trigger - 1);
    ahead_ns[i] += std::max(waited_ns, one_access_ns);
  }
}

std::vector<Absence> return_as_early_as_possible(const Schedule& schedule, const GapTable& table,
                                                 const std::vector<std::size_t>& gaps) {
  const OpIndex backward = first_backward_op(schedule);
  std::vector<Absence> absences;
  absences.reserve(gaps.size());
  for (const std::size_t gap_index : gaps) {
    const Gap& gap = table.gaps[gap_index];
    const OpIndex earliest = earliest_return(gap);
    const bool waits = gap.kind != Gap::Kind::birth && gap.need >= backward;
    absences.push_back({gap_index, waits ? std::max(earliest, backward) : earliest});
  }
  return absences;
}

}  // namespace octrain::advisor
