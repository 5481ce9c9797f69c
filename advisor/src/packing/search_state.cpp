#include "search_state.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace octrain::advisor {

SearchState::SearchState(std::vector<SearchBuffer> buffers) : buffers_(std::move(buffers)) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>, std::uint32_t> seen;
  std::uint32_t sections = 0;
  for (std::uint32_t i = 0; i < buffers_.size(); ++i) {
    const SearchBuffer& buffer = buffers_[i];
    const auto [at, fresh] = seen.try_emplace({buffer.first, buffer.last, buffer.size}, i);
    twin_.push_back(fresh ? kNobody : std::exchange(at->second, i));
    sections = std::max(sections, buffer.last + 1);
  }
  sections_.resize(sections);
}

void SearchState::reset(std::uint64_t height) {
  height_ = height;
  lowest_.assign(buffers_.size(), 0);
  support_.assign(buffers_.size(), 0);
  placed_.assign(buffers_.size(), 0);
  changes_.clear();
}

void SearchState::place(std::uint32_t buffer, std::span<const std::uint32_t> meeting) {
  const SearchBuffer& placed = buffers_[buffer];
  const std::uint64_t top = support_[buffer] + placed.size;
  placed_[buffer] = 1;
  changes_.push_back({buffer, lowest_[buffer], support_[buffer]});
  for (const std::uint32_t other : meeting) {
    const bool meet = buffers_[other].first <= placed.last && placed.first <= buffers_[other].last;
    if (other == buffer || !meet || support_[other] >= top) continue;
    changes_.push_back({other, lowest_[other], support_[other]});
    support_[other] = top;
    lowest_[other] = std::max(lowest_[other], top);
  }
}

void SearchState::raise(std::uint32_t buffer, std::uint64_t offset) {
  changes_.push_back({buffer, lowest_[buffer], support_[buffer]});
  lowest_[buffer] = offset;
}

void SearchState::undo(std::size_t mark) {
  while (changes_.size() > mark) {
    const Change& change = changes_.back();
    lowest_[change.buffer] = change.lowest;
    support_[change.buffer] = change.support;
    placed_[change.buffer] = 0;
    changes_.pop_back();
  }
}

void SearchState::sum_up(std::span<const std::uint32_t> list, SectionRange range) {
  std::fill(sections_.begin() + range.first, sections_.begin() + range.last + 1, Section{});
  for (const std::uint32_t i : list) {
    const SearchBuffer& buffer = buffers_[i];
    if (!range.meets(buffer)) continue;
    const std::uint64_t lowest = lowest_[i], size = buffer.size, end = lowest + size;
    const std::uint32_t from = std::max(buffer.first, range.first), to = std::min(buffer.last, range.last);
    for (std::uint32_t s = from; s <= to; ++s) {
      Section& section = sections_[s];
      section.load += size;
      section.end = std::max(section.end, lowest) + size;
      if (section.lowest_of == kNobody) {
        section.lowest = lowest;
        section.lowest_of = i;
      } else {
        section.next_lowest = std::min(section.next_lowest, lowest);
      }
      if (end < section.end_first) {
        section.end_second = section.end_first;
        section.end_first = end;
        section.end_of = i;
      } else {
        section.end_second = std::min(section.end_second, end);
      }
    }
    steps_ += to - from + 1;
  }
}

std::uint64_t SearchState::lowest_end_of_others(std::uint32_t buffer) const {
  std::uint64_t end = kNever;
  for (std::uint32_t s = buffers_[buffer].first; s <= buffers_[buffer].last; ++s) {
    const Section& section = sections_[s];
    end = std::min(end, section.end_of == buffer ? section.end_second : section.end_first);
  }
  return end;
}

std::uint64_t SearchState::concluded_lowest(std::uint32_t buffer, SectionRange range) const {
  std::uint64_t lowest = lowest_[buffer];
  const std::uint32_t from = std::max(buffers_[buffer].first, range.first);
  const std::uint32_t to = std::min(buffers_[buffer].last, range.last);
  for (std::uint32_t s = from; s <= to; ++s) {
    if (may_be_next(buffer, s)) continue;
    const Section& section = sections_[s];
    lowest = std::max(lowest, section.end_of == buffer ? section.end_second : section.end_first);
  }
  if (lowest > support_[buffer]) lowest = std::max(lowest, lowest_end_of_others(buffer));
  const std::uint32_t twin = twin_[buffer];
  if (twin != kNobody && placed_[twin] == 0) lowest = std::max(lowest, lowest_[twin] + buffers_[twin].size);
  return lowest;
}

bool SearchState::conclude(std::span<std::uint32_t> list, SectionRange& stale) {
  SectionRange looked_at = stale;
  while (!stale.empty()) {
    for (std::size_t i = 1; i < list.size(); ++i) {  // almost sorted already
      const std::uint32_t buffer = list[i];
      std::size_t at = i;
      for (; at > 0 && lowest_[list[at - 1]] > lowest_[buffer]; --at) list[at] = list[at - 1];
      list[at] = buffer;
    }
    sum_up(list, stale);
    for (std::uint32_t s = stale.first; s <= stale.last; ++s) {
      if (sections_[s].end > height_) return false;
    }
    SectionRange changed;
    for (const std::uint32_t buffer : list) {
      if (!stale.meets(buffers_[buffer])) continue;
      const std::uint64_t lowest = concluded_lowest(buffer, stale);
      if (lowest <= lowest_[buffer]) continue;
      if (lowest + buffers_[buffer].size > height_) return false;
      raise(buffer, lowest);
      changed.add(buffers_[buffer]);
    }
    stale = changed;
    looked_at.first = std::min(looked_at.first, stale.first);
    looked_at.last = std::max(looked_at.last, stale.last);
  }
  stale = looked_at;
  return true;
}

bool SearchState::alone_in_hole(std::uint32_t buffer) const {
  const std::uint64_t top = support_[buffer] + buffers_[buffer].size;
  for (std::uint32_t s = buffers_[buffer].first; s <= buffers_[buffer].last; ++s) {
    const Section& section = sections_[s];
    if ((section.lowest_of == buffer ? section.next_lowest : section.lowest) < top) return false;
  }
  return true;
}

bool SearchState::placeable(std::uint32_t buffer) const {
  return lowest_[buffer] == support_[buffer] && lowest_end_of_others(buffer) > support_[buffer];
}

}  // namespace octrain::advisor
