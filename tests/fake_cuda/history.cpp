#include "fake_cuda/history.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace octrain::fake_cuda {
namespace {

/// Two reads, or two prefetches to the same place, need no order.
bool need_order(Touch a, Touch b) { return a != b || a == Touch::kWrite || a == Touch::kDiscard; }

/// Whoever must be ordered with any use at all stands for all that lie before it.
bool replaces(Touch later, Touch earlier) {
  return later == earlier || later == Touch::kWrite || later == Touch::kDiscard;
}

}  // namespace

History::Cells::iterator History::cut(std::uint64_t at) {
  const auto behind = cells_.upper_bound(at);
  const auto covering = std::prev(behind);
  if (covering->first == at) return covering;
  return cells_.emplace_hint(behind, at, covering->second);
}

std::optional<std::uint64_t> History::first_discarded(std::uint64_t begin, std::uint64_t end) const {
  for (auto cell = std::prev(cells_.upper_bound(begin)); cell != cells_.end() && cell->first < end; ++cell)
    if (cell->second.discarded) return std::max(cell->first, begin);
  return std::nullopt;
}

std::vector<Collision> History::add(std::uint64_t begin, std::uint64_t end, const Use& use) {
  std::vector<Collision> collisions;
  std::set<std::size_t> told;
  const auto first = cut(begin);
  const auto last = cut(end);
  for (auto cell = first; cell != last; ++cell) {
    for (const Access& earlier : cell->second.accesses) {
      const bool ordered = use.clock.covers(earlier.moment) || !need_order(use.touch, earlier.touch);
      if (!ordered && told.insert(earlier.call).second) collisions.push_back({earlier.call, cell->first});
    }
    note(cell->second, use);
  }
  return collisions;
}

void History::note(Cell& cell, const Use& use) {
  if (use.touch == Touch::kDiscard) cell.discarded = true;
  if (use.touch == Touch::kWrite || use.touch == Touch::kToDevice || use.touch == Touch::kToHost)
    cell.discarded = false;
  if (!use.moment) return;
  std::erase_if(cell.accesses, [&](const Access& earlier) {
    return use.clock.covers(earlier.moment) && replaces(use.touch, earlier.touch);
  });
  cell.accesses.push_back({use.touch, *use.moment, use.call});
}

}  // namespace octrain::fake_cuda
