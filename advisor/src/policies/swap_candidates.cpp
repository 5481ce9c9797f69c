#include "swap_candidates.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

namespace octrain::advisor {
namespace {

__extension__ using Area = __int128;

Area signed_area(const Candidate& candidate) {
  return Area{candidate.free_ns} * static_cast<Area>(candidate.bytes);
}

bool larger_area(const Candidate& a, const Candidate& b) {
  if ((a.free_ns < 0) != (b.free_ns < 0)) return b.free_ns < 0;
  if (a.free_ns >= 0) return signed_area(a) > signed_area(b);
  return Area{a.free_ns} * static_cast<Area>(b.bytes) > Area{b.free_ns} * static_cast<Area>(a.bytes);
}

Ranking in_order(std::size_t count) {
  Ranking ranking(count);
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  return ranking;
}

template <typename Better>
Ranking ranked_by(std::size_t count, const Better& better) {
  Ranking ranking = in_order(count);
  std::stable_sort(ranking.begin(), ranking.end(), better);
  return ranking;
}

Ranking ranked_by_weight(const std::vector<Candidate>& candidates, const GapTable& table,
                         const Overload& overload) {
  std::vector<ByteTime> weight;
  weight.reserve(candidates.size());
  for (const Candidate& candidate : candidates) weight.push_back(overload.area(table.gaps[candidate.gap]));
  return ranked_by(candidates.size(), [&](std::size_t a, std::size_t b) { return weight[a] > weight[b]; });
}

/// The order of picking; what picking no longer helps follows by the weight it had at first.
Ranking ranked_by_falling_weight(const std::vector<Candidate>& candidates, const GapTable& table,
                                 Overload overload) {
  struct Entry {
    ByteTime weight;
    std::size_t candidate;
    bool operator<(const Entry& other) const {
      return std::pair(weight, other.candidate) < std::pair(other.weight, candidate);
    }
  };
  const Ranking at_first = ranked_by_weight(candidates, table, overload);
  std::priority_queue<Entry> queue;
  const auto push = [&](std::size_t i) { queue.push({overload.area(table.gaps[candidates[i].gap]), i}); };
  for (const std::size_t i : at_first) push(i);
  Ranking ranking;
  std::vector<bool> picked(candidates.size(), false);
  while (!queue.empty() && queue.top().weight > 0) {
    std::size_t best = queue.top().candidate;
    for (std::size_t rescored = 0; rescored < kMostRescored; ++rescored) {
      queue.pop();
      push(best);
      if (queue.top().candidate == best) break;
      best = queue.top().candidate;
    }
    best = queue.top().candidate;
    if (queue.top().weight == 0) break;
    queue.pop();
    picked[best] = true;
    ranking.push_back(best);
    overload.relieve(table.gaps[candidates[best].gap], candidates[best].bytes);
  }
  std::copy_if(at_first.begin(), at_first.end(), std::back_inserter(ranking),
               [&](std::size_t i) { return !picked[i]; });
  return ranking;
}

/// Does anyone ever write it? What nobody writes leaves without a copy.
bool written(const Liveness& liveness, TensorId tensor) {
  const auto& uses = liveness.accesses(tensor);
  return std::any_of(uses.begin(), uses.end(), [](const TensorAccess& use) { return use.writes; });
}

}  // namespace

std::vector<Candidate> list_candidates(const Schedule& schedule, const Liveness& liveness,
                                       const GapTable& table, const Pace& pace, const Overload& overload,
                                       std::uint64_t least_bytes) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < table.gaps.size(); ++i) {
    const Gap& gap = table.gaps[i];
    const std::uint64_t bytes = schedule.tensors[gap.tensor].bytes;
    if (!gap.live || gap.kind == Gap::Kind::birth || bytes == 0 || bytes < least_bytes) continue;
    if (!overload.any(gap)) continue;
    const std::uint64_t out_ns = written(liveness, gap.tensor) ? pace.out_ns(bytes) : 0;
    const std::uint64_t in_ns = gap.copies_in ? pace.in_ns(bytes) : 0;
    candidates.push_back({i, bytes, static_cast<std::int64_t>(pace.absence_ns(gap) - out_ns - in_ns)});
  }
  return candidates;
}

Ranking rank(Score score, const std::vector<Candidate>& candidates, const GapTable& table,
             const Overload& overload) {
  switch (score) {
    case Score::doa:
      return ranked_by(candidates.size(), [&](std::size_t a, std::size_t b) {
        return candidates[a].free_ns > candidates[b].free_ns;
      });
    case Score::aoa:
      return ranked_by(candidates.size(), [&](std::size_t a, std::size_t b) {
        return larger_area(candidates[a], candidates[b]);
      });
    case Score::wdoa:
      return ranked_by_weight(candidates, table, overload);
    case Score::swdoa:
      break;
  }
  return ranked_by_falling_weight(candidates, table, overload);
}

Ranking vote(const std::vector<Ranking>& rankings) {
  std::vector<std::size_t> places(rankings.front().size(), 0);
  for (const Ranking& ranking : rankings) {
    for (std::size_t place = 0; place < ranking.size(); ++place) places[ranking[place]] += place;
  }
  return ranked_by(places.size(), [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
}

std::vector<std::size_t> pick(const Ranking& ranking, const std::vector<Candidate>& candidates,
                              const GapTable& table, Overload& overload) {
  std::vector<std::size_t> picks;
  for (const std::size_t i : ranking) {
    if (!overload.any()) break;
    const Gap& gap = table.gaps[candidates[i].gap];
    if (!overload.any(gap)) continue;
    overload.relieve(gap, candidates[i].bytes);
    picks.push_back(i);
  }
  return picks;
}

}  // namespace octrain::advisor
