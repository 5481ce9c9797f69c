#include "search.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace octrain::advisor {
namespace {

constexpr std::size_t kRemembered = std::size_t{1} << 18;  // refuted states
constexpr std::uint64_t kStepsOfAttempt = 1'000'000;
constexpr std::uint64_t kUnshuffledAttempts = 2;
constexpr int kPriorityBits = 24;

/// Spreads a number over all bits (splitmix64's finisher).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Luby's sequence from 0 on: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 …
std::uint64_t luby(std::uint64_t i) {
  while (!std::has_single_bit(i + 2)) i -= std::bit_floor(i + 2) - 1;
  return (i + 2) / 2;
}

}  // namespace

PackingSearch::PackingSearch(std::vector<SearchBuffer> buffers)
    : state_(std::move(buffers)),
      offsets_(state_.buffers().size(), 0),
      priority_(state_.buffers().size(), 0),
      by_section_(state_.section_count(), 0),
      pressure_(state_.buffers().size(), 0) {
  std::vector<std::uint64_t> load(state_.section_count(), 0);
  for (const SearchBuffer& buffer : state_.buffers()) {
    for (std::uint32_t s = buffer.first; s <= buffer.last; ++s) load[s] += buffer.size;
  }
  for (std::size_t i = 0; i < pressure_.size(); ++i) {
    const SearchBuffer& buffer = state_.buffers()[i];
    pressure_[i] = *std::max_element(load.begin() + buffer.first, load.begin() + buffer.last + 1);
  }
}

PackingSearch::Outcome PackingSearch::run(std::uint64_t height, std::uint64_t& steps) {
  std::uint64_t all_sizes = 0;  // one on another: more height is of no use
  for (const SearchBuffer& buffer : state_.buffers()) all_sizes += buffer.size;
  height = std::min(height, all_sizes);
  const std::uint64_t first_step = state_.steps();
  random_ = 1;
  refuted_.assign(kRemembered, Key{});  // of another height, perhaps
  Outcome outcome = Outcome::out_of_steps;
  for (std::uint64_t attempt = 0; outcome == Outcome::out_of_steps; ++attempt) {
    const std::uint64_t used = state_.steps() - first_step;
    if (used >= steps) break;
    last_step_ = state_.steps() + std::min(steps - used, kStepsOfAttempt * luby(attempt));
    set_priorities(attempt);
    state_.reset(height);
    lists_.resize(state_.buffers().size());
    for (std::uint32_t i = 0; i < lists_.size(); ++i) lists_[i] = i;
    const List all{0, lists_.size()};
    outcome = solve(all, sections(all));
  }
  steps -= std::min(steps, state_.steps() - first_step);
  return outcome;
}

/// By area and, every other time, by what is alive together with the buffer; after the first attempts each
/// priority times a random factor from 1 to 1.5.
void PackingSearch::set_priorities(std::uint64_t attempt) {
  const auto& buffers = state_.buffers();
  std::uint64_t most = 1;
  for (const std::uint64_t pressure : pressure_) most = std::max(most, pressure);
  const int shift = std::max(0, static_cast<int>(std::bit_width(most)) - kPriorityBits);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const std::uint64_t life = buffers[i].last - buffers[i].first + 1;
    priority_[i] = attempt % 2 == 0 ? (buffers[i].size >> shift) * life
                                    : ((pressure_[i] >> shift) << 16) + std::min<std::uint64_t>(life, 0xffff);
    if (attempt < kUnshuffledAttempts) continue;
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    priority_[i] *= 512 + (random_ >> 56);
  }
}

PackingSearch::Outcome PackingSearch::solve(List list, SectionRange stale) {
  Key entered;
  const auto refuted = [&] {
    if (entered != Key{}) refuted_[entered.a % refuted_.size()] = entered;
    return Outcome::refuted;
  };
  while (true) {
    if (state_.steps() > last_step_) return Outcome::out_of_steps;
    if (!state_.conclude(span(list), stale)) return refuted();
    if (entered == Key{}) {
      const Key now = key(list);
      if (was_refuted(now)) return Outcome::refuted;
      entered = now;
    }
    std::uint32_t buffer = alone_in_hole(list, stale);
    const bool certain = buffer != SearchState::kNobody;
    if (certain && state_.lowest(buffer) > state_.support(buffer)) return refuted();
    if (!certain) buffer = choose(list);
    const Outcome outcome = place(list, buffer);
    if (outcome != Outcome::refuted) return outcome;
    if (certain) return refuted();
    state_.raise(buffer, state_.support(buffer) + 1);
    stale = sections(list);
  }
}

/// Puts the buffer on its support and solves the rest; undoes it where that cannot be.
PackingSearch::Outcome PackingSearch::place(List list, std::uint32_t buffer) {
  const std::size_t mark = state_.mark();
  const std::size_t top = lists_.size();
  offsets_[buffer] = state_.support(buffer);
  state_.place(buffer, span(list));
  Outcome outcome = Outcome::found;
  for (const Part& part : parts_without(list, buffer, mark)) {
    outcome = solve(part.list, part.stale);
    if (outcome != Outcome::found) break;
  }
  lists_.resize(top);
  if (outcome == Outcome::refuted) state_.undo(mark);
  return outcome;
}

/// The list without `placed`, parted where nobody lives across; the shortest first.
std::vector<PackingSearch::Part> PackingSearch::parts_without(List list, std::uint32_t placed,
                                                              std::size_t mark) {
  const auto& buffers = state_.buffers();
  const SectionRange range = sections(list);
  const auto at = [&](std::uint32_t section) -> std::uint32_t& { return by_section_[section]; };
  std::fill(by_section_.begin() + range.first, by_section_.begin() + range.last + 1, 0);
  for (const std::uint32_t i : span(list)) {
    if (i != placed) at(buffers[i].first) = std::max(at(buffers[i].first), buffers[i].last + 1);
  }
  std::vector<Part> parts;
  std::uint32_t reach = 0;
  for (std::uint32_t s = range.first; s <= range.last;
       ++s) {  // how far those born here live → which part they are of
    if (at(s) == 0) continue;
    if (s >= reach) parts.emplace_back();
    reach = std::max(reach, at(s));
    at(s) = static_cast<std::uint32_t>(parts.size() - 1);
  }
  const auto part_of = [&](std::uint32_t buffer) -> Part& { return parts[at(buffers[buffer].first)]; };
  for (const std::uint32_t i : span(list)) {
    if (i != placed) ++part_of(i).list.end;
  }
  std::size_t begin = lists_.size();
  for (Part& part : parts) {
    const std::size_t size = std::exchange(part.list.end, begin);
    part.list.begin = std::exchange(begin, begin + size);
  }
  lists_.resize(begin);
  for (std::size_t k = list.begin; k < list.end; ++k) {
    if (lists_[k] != placed) lists_[part_of(lists_[k]).list.end++] = lists_[k];
  }
  for (Part& part : parts) {
    const SectionRange all = sections(part.list);
    part.stale = {std::max(all.first, buffers[placed].first), std::min(all.last, buffers[placed].last)};
  }
  for (const SearchState::Change& change : state_.changes_since(mark)) {
    if (change.buffer != placed) part_of(change.buffer).stale.add(buffers[change.buffer]);
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return std::pair(a.list.size(), a.list.begin) < std::pair(b.list.size(), b.list.begin);
  });
  return parts;
}

std::uint32_t PackingSearch::alone_in_hole(List list, SectionRange looked_at) const {
  for (const std::uint32_t i : span(list)) {
    if (looked_at.meets(state_.buffers()[i]) && state_.alone_in_hole(i)) return i;
  }
  return SearchState::kNobody;
}

/// In the section with the fewest buffers that may be next there, the one of the highest priority that can be
/// placed. There is one: the buffer with the lowest offset of all lies on its support.
std::uint32_t PackingSearch::choose(List list) {
  const auto& buffers = state_.buffers();
  const SectionRange range = sections(list);
  std::fill(by_section_.begin() + range.first, by_section_.begin() + range.last + 1, 0);
  for (const std::uint32_t i : span(list)) {
    for (std::uint32_t s = buffers[i].first; s <= buffers[i].last; ++s)
      by_section_[s] += state_.may_be_next(i, s);
  }
  std::uint32_t chosen = SearchState::kNobody, fewest = 0;
  for (const std::uint32_t i : span(list)) {
    if (!state_.placeable(i)) continue;
    for (std::uint32_t s = buffers[i].first; s <= buffers[i].last; ++s) {
      if (!state_.may_be_next(i, s)) continue;
      const bool better = chosen == SearchState::kNobody || by_section_[s] < fewest ||
                          (by_section_[s] == fewest && priority_[i] > priority_[chosen]);
      if (!better) continue;
      chosen = i;
      fewest = by_section_[s];
    }
  }
  return chosen;
}

/// What the rest of the search depends on, in 128 bits.
PackingSearch::Key PackingSearch::key(List list) const {
  Key key;
  for (const std::uint32_t i : span(list)) {
    const std::uint64_t hash =
        mixed(i + mixed(state_.support(i) + mixed(state_.lowest(i) + 0x9e3779b97f4a7c15u)));
    key.a += hash;
    key.b += mixed(~hash);
  }
  return key;
}

SectionRange PackingSearch::sections(List list) const {
  SectionRange range;
  for (const std::uint32_t i : span(list)) range.add(state_.buffers()[i]);
  return range;
}

}  // namespace octrain::advisor
