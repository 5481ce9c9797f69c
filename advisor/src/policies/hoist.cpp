#include "hoist.h"

#include <algorithm>
#include <tuple>

#include "occupancy.h"

namespace octrain::advisor {
namespace {

/// When each op starts if nothing stalls, and the end of the last.
std::vector<std::uint64_t> ideal_starts(const Schedule& schedule) {
  std::vector<std::uint64_t> starts(1, 0);
  starts.reserve(schedule.ops.size() + 1);
  for (const Op& op : schedule.ops) starts.push_back(starts.back() + op.time_ns);
  return starts;
}

std::uint64_t transfer_ns(std::uint64_t bytes, double bytes_per_s, std::uint64_t latency_ns) {
  if (bytes_per_s <= 0) return 0;
  return latency_ns + static_cast<std::uint64_t>(static_cast<double>(bytes) / bytes_per_s * 1e9);
}

/// Adds the bytes that still travel to the host to the ops during which they do.
void add_departures(const Schedule& schedule, const Machine& machine, const GapTable& table,
                    const std::vector<std::uint64_t>& starts, Occupancy& occupancy) {
  std::vector<const Gap*> leaving;
  for (const Gap& gap : table.gaps) {
    if (gap.dirty) leaving.push_back(&gap);
  }
  std::stable_sort(leaving.begin(), leaving.end(),
                   [](const Gap* a, const Gap* b) { return a->release < b->release; });
  std::uint64_t done_ns = 0;
  for (const Gap* gap : leaving) {
    const std::uint64_t bytes = schedule.tensors[gap->tensor].bytes;
    done_ns = std::max(done_ns, starts[gap->release + 1]) +
              transfer_ns(bytes, machine.link_out_bytes_per_s, machine.transfer_latency_ns);
    const auto free_at = std::lower_bound(starts.begin(), starts.end() - 1, done_ns) - starts.begin();
    const std::size_t end = gap->kind == Gap::Kind::wrap ? schedule.ops.size() : gap->need;
    occupancy.add(gap->release + 1, std::min<std::size_t>(static_cast<std::size_t>(free_at), end), bytes);
  }
}

/// The first boundary at which a gap's tensor may come back at all.
OpIndex earliest(const Gap& gap) { return gap.kind == Gap::Kind::pause ? gap.release + 1 : 0; }

}  // namespace

std::vector<Arrival> hoist(const Schedule& schedule, const Liveness& liveness, const Machine& machine,
                           const GapTable& table, const HoistOptions& options) {
  const std::vector<std::uint64_t> starts = ideal_starts(schedule);
  Occupancy occupancy(occupied_bytes(schedule, liveness, table));
  add_departures(schedule, machine, table, starts, occupancy);
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
    const std::size_t from = earliest(*gap);
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
