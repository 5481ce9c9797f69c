#include "hoist.h"

#include <algorithm>
#include <tuple>

#include "occupancy.h"
#include "pace.h"

namespace octrain::advisor {
namespace {

/// Adds the bytes that still travel to the host to the ops during which they do.
void add_departures(const Schedule& schedule, const Pace& pace, const GapTable& table, Occupancy& occupancy) {
  std::vector<const Gap*> leaving;
  for (const Gap& gap : table.gaps) {
    if (gap.dirty) leaving.push_back(&gap);
  }
  std::stable_sort(leaving.begin(), leaving.end(),
                   [](const Gap* a, const Gap* b) { return a->release < b->release; });
  std::uint64_t done_ns = 0;
  for (const Gap* gap : leaving) {
    const std::uint64_t bytes = schedule.tensors[gap->tensor].bytes;
    done_ns = std::max(done_ns, pace.start_ns(gap->release + std::size_t{1})) + pace.out_ns(bytes);
    const std::size_t end = gap->kind == Gap::Kind::wrap ? schedule.ops.size() : gap->need;
    occupancy.add(gap->release + 1, std::min(pace.first_from(done_ns), end), bytes);
  }
}

}  // namespace

std::vector<Arrival> hoist(const Schedule& schedule, const Liveness& liveness, const Machine& machine,
                           const GapTable& table, const HoistOptions& options) {
  Occupancy occupancy(occupied_bytes(schedule, liveness, table));
  add_departures(schedule, Pace(schedule, machine), table, occupancy);
  std::vector<const Gap*> coming;
  for (const Gap& gap : table.gaps) {
    // A weight that is overwritten without being read is left to its op: a prefetch would copy what nobody
    // reads.
    if (gap.absent && (gap.copies_in || (options.reserves && !gap.live))) coming.push_back(&gap);
  }
  std::stable_sort(coming.begin(), coming.end(), [](const Gap* a, const Gap* b) {
    return std::tuple(a->need, !a->copies_in) < std::tuple(b->need, !b->copies_in);
  });
  std::vector<Arrival> arrivals;
  for (const Gap* gap : coming) {
    const std::uint64_t bytes = schedule.tensors[gap->tensor].bytes;
    const std::size_t from = earliest_return(*gap);
    const std::uint64_t limit = options.budget_bytes - bytes;
    const auto full = occupancy.last_above(from, gap->need, limit);
    const auto before = static_cast<OpIndex>(full ? *full + 1 : from);
    occupancy.add(before, gap->need, bytes);
    if (gap->copies_in || before < gap->need)
      arrivals.push_back({before, gap->need, gap->tensor, gap->copies_in});
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.before < b.before; });
  return arrivals;
}

}  // namespace octrain::advisor
