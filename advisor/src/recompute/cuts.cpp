#include "cuts.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace octrain::advisor {
namespace {

/// By boundary of the forward part, counted from its first op.
struct Boundaries {
  explicit Boundaries(std::size_t count)
      : crossing(count + 1, 0),
        made(count + 1, 0),
        reach(count + 1, 0),
        read_behind(count + 1, 0),
        read_before(count + 1, kNoOp),
        read_inside(count + 1, kNoOp) {}

  std::vector<std::uint64_t> crossing;  // first differences, may wrap around
  std::vector<std::uint64_t> made;
  std::vector<OpIndex> reach;
  std::vector<OpIndex> read_behind;  // the last late read of what is made behind the boundary
  std::vector<OpIndex> read_before;  // the first late read of what is made before it
  std::vector<OpIndex> read_inside;  // the first of what neither is made nor read behind it

  void add(const Value& value, std::uint64_t bytes, OpIndex first) {
    const std::size_t writer = value.writer - first;
    const std::size_t last = value.last_early - first;
    crossing[writer + 1] += bytes;
    crossing[last + 1] -= bytes;
    made[writer + 1] += bytes;
    reach[writer + 1] = std::max(reach[writer + 1], value.last_early);
    if (!value.read_late()) return;
    read_behind[writer] = std::max(read_behind[writer], value.last_read);
    read_before[writer + 1] = std::min(read_before[writer + 1], value.first_late);
    read_inside[last + 1] = std::min(read_inside[last + 1], value.first_late);
  }

  void accumulate() {
    for (std::size_t i = 1; i < crossing.size(); ++i) {
      crossing[i] += crossing[i - 1];
      made[i] += made[i - 1];
      reach[i] = std::max(reach[i], reach[i - 1]);
      read_before[i] = std::min(read_before[i], read_before[i - 1]);
      read_inside[i] = std::min(read_inside[i], read_inside[i - 1]);
    }
    for (std::size_t i = crossing.size() - 1; i-- > 0;) {
      read_behind[i] = std::max(read_behind[i], read_behind[i + 1]);
    }
  }
};

}  // namespace

std::vector<Cut> list_cuts(const PassValues& values, const Pass& pass) {
  const Lineage& lineage = values.lineage;
  Boundaries boundaries(pass.turn - pass.first);
  for (auto [id, end] = values.made_by(pass); id < end; ++id) {
    if (values.drop[id]) boundaries.add(lineage.values[id], lineage.bytes(id), pass.first);
  }
  boundaries.accumulate();
  std::vector<Cut> cuts;
  for (OpIndex at = pass.first + 1; at < pass.turn; ++at) {
    const std::size_t i = at - pass.first;
    const OpIndex behind = boundaries.read_behind[i];
    OpIndex back_first = boundaries.read_before[i];
    if (behind >= back_first) back_first = boundaries.read_inside[i];
    if (behind >= back_first) continue;
    back_first = std::min(back_first, pass.end);
    cuts.push_back({at, boundaries.crossing[i], boundaries.made[i], boundaries.reach[i], back_first});
  }
  return cuts;
}

std::vector<Cut> choose_cuts(const std::vector<Cut>& cuts, std::size_t most) {
  std::vector<std::size_t> order(cuts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return cuts[a].bytes < cuts[b].bytes; });
  std::map<OpIndex, std::size_t> chosen;  // by where they are
  const auto apart = [&](std::size_t front, std::size_t back) {
    return cuts[front].reach < cuts[back].at && cuts[front].made < cuts[back].made;
  };
  for (const std::size_t i : order) {
    const auto next = chosen.upper_bound(cuts[i].at);
    if (next != chosen.end() && !apart(i, next->second)) continue;
    if (next != chosen.begin() && !apart(std::prev(next)->second, i)) continue;
    chosen.emplace(cuts[i].at, i);
  }
  std::vector<Cut> result;
  const std::uint64_t all = cuts.empty() ? 0 : cuts.back().made;
  std::uint64_t last = 0;
  for (const auto& [at, i] : chosen) {
    const bool few = chosen.size() <= most;
    if (!few && cuts[i].made - last < all / most + 1) continue;
    result.push_back(cuts[i]);
    last = cuts[i].made;
  }
  return result;
}

}  // namespace octrain::advisor
