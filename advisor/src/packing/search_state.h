// What a search for a packing knows about the buffers that have no place yet: how low each can still lie.
//
// Lives are cut into sections (the maximal sets of buffers alive together), so that two buffers meet if and
// only if they share a section. Buffers are placed from below: whatever is placed later, and meets an earlier
// one, lies above it. Of all packings within the height the search looks for one whose offsets have the least
// sum; that gives it these rules (canonical solutions; inference by section, as in one-machine scheduling,
// whose jobs are the buffers, whose release times are the lowest offsets and whose deadline is the height):
//   - every buffer lies on the ground or on another; so one that does not lie on what is placed lies on one
//   to come;
//   - what can drop into a hole that nobody else can reach lies there;
//   - a section's buffers, one after another from their lowest offsets, end within the height;
//   - one that would leave the rest of a section too little room, were it the next there, is not the next;
//   - of buffers alike in everything the one named first is the lower.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace octrain::advisor {

/// A buffer of the search: its sections, and its size in units.
struct SearchBuffer {
  std::uint32_t first = 0, last = 0;  ///< both inclusive
  std::uint64_t size = 0;
};

/// Sections, both ends inclusive; empty when first > last.
struct SectionRange {
  std::uint32_t first = static_cast<std::uint32_t>(-1), last = 0;
  void add(const SearchBuffer& buffer) {
    first = buffer.first < first ? buffer.first : first;
    last = buffer.last > last ? buffer.last : last;
  }
  [[nodiscard]] bool empty() const { return first > last; }
  [[nodiscard]] bool meets(const SearchBuffer& buffer) const {
    return buffer.first <= last && first <= buffer.last;
  }
};

class SearchState {
 public:
  static constexpr std::uint32_t kNobody = static_cast<std::uint32_t>(-1);
  static constexpr std::uint64_t kNever = static_cast<std::uint64_t>(-1) / 4;

  explicit SearchState(std::vector<SearchBuffer> buffers);

  [[nodiscard]] const std::vector<SearchBuffer>& buffers() const { return buffers_; }
  [[nodiscard]] std::size_t section_count() const { return sections_.size(); }
  /// Nothing is placed; packings may be as high as this.
  void reset(std::uint64_t height);

  /// Puts `buffer` on what lies below it. `meeting` are those without a place; what changed for them is
  /// undone by undo(), together with raise().
  void place(std::uint32_t buffer, std::span<const std::uint32_t> meeting);
  /// `buffer` lies at `offset` or higher.
  void raise(std::uint32_t buffer, std::uint64_t offset);
  [[nodiscard]] std::size_t mark() const { return changes_.size(); }
  void undo(std::size_t mark);
  /// What happened since, oldest first: the state before each.
  struct Change {
    std::uint32_t buffer;
    std::uint64_t lowest, support;
  };
  [[nodiscard]] std::span<const Change> changes_since(std::size_t mark) const {
    return std::span(changes_).subspan(mark);
  }

  /// Draws conclusions for the buffers of `list`, which it sorts by their lowest offsets. `stale` are the
  /// sections where anything changed since the last time; it becomes those that were looked at. False: there
  /// is no packing.
  bool conclude(std::span<std::uint32_t> list, SectionRange& stale);

  [[nodiscard]] std::uint64_t lowest(std::uint32_t buffer) const { return lowest_[buffer]; }
  /// The top of what is placed below the buffer.
  [[nodiscard]] std::uint64_t support(std::uint32_t buffer) const { return support_[buffer]; }
  /// Nobody else can come as low as the buffer's top, were it put on its support.
  [[nodiscard]] bool alone_in_hole(std::uint32_t buffer) const;
  /// The buffer may lie on its support, and nobody fits below it.
  [[nodiscard]] bool placeable(std::uint32_t buffer) const;
  /// May the buffer be the next in this section?
  [[nodiscard]] bool may_be_next(std::uint32_t buffer, std::uint32_t section) const {
    return lowest_[buffer] + sections_[section].load <= height_;
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  /// Of the buffers of a section that have no place yet.
  struct Section {
    std::uint64_t load = 0;  // sum of sizes
    std::uint64_t end = 0;   // of all, one after another
    std::uint64_t lowest = kNever, next_lowest = kNever;
    std::uint64_t end_first = kNever, end_second = kNever;  // the two smallest lowest offset + size
    std::uint32_t lowest_of = kNobody, end_of = kNobody;    // whose lowest and end_first are
  };

  void sum_up(std::span<const std::uint32_t> list, SectionRange range);
  [[nodiscard]] std::uint64_t concluded_lowest(std::uint32_t buffer, SectionRange range) const;
  [[nodiscard]] std::uint64_t lowest_end_of_others(std::uint32_t buffer) const;

  std::vector<SearchBuffer> buffers_;
  std::vector<std::uint32_t> twin_;  // the one before that is alike in everything
  std::vector<Section> sections_;
  std::vector<std::uint64_t> lowest_, support_;
  std::vector<char> placed_;
  std::vector<Change> changes_;
  std::uint64_t height_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace octrain::advisor
