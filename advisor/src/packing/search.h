// Searches for a packing of buffers within a height: complete, given the steps, and the same on every
// machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search_state.h"

namespace octrain::advisor {

/// A branch puts one buffer on what lies below it, or rules that out. Where no buffer without a place lives
/// across a point in time, the two sides are solved apart. What was refuted once is remembered. The order in
/// which buffers are tried decides more than anything else, so the search starts over with another one after
/// some steps (Luby's sequence), and keeps what it has refuted.
class PackingSearch {
 public:
  enum class Outcome { found, refuted, out_of_steps };

  /// `buffers` are connected: no point in time parts them.
  explicit PackingSearch(std::vector<SearchBuffer> buffers);

  /// Looks for a packing no higher than this. Takes what it needed from `steps`.
  Outcome run(std::uint64_t height, std::uint64_t& steps);
  /// By buffer, after `found`.
  [[nodiscard]] const std::vector<std::uint64_t>& offsets() const { return offsets_; }

 private:
  struct Key {
    std::uint64_t a = 0, b = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  /// Part of lists_: buffers without a place, connected in time.
  struct List {
    std::size_t begin = 0, end = 0;
    [[nodiscard]] std::size_t size() const { return end - begin; }
  };
  struct Part {
    List list;
    SectionRange stale;
  };

  void set_priorities(std::uint64_t attempt);
  [[nodiscard]] bool was_refuted(const Key& key) const { return refuted_[key.a % refuted_.size()] == key; }
  [[nodiscard]] Outcome solve(List list, SectionRange stale);
  [[nodiscard]] Outcome place(List list, std::uint32_t buffer);
  [[nodiscard]] std::vector<Part> parts_without(List list, std::uint32_t placed, std::size_t mark);
  [[nodiscard]] std::uint32_t alone_in_hole(List list, SectionRange looked_at) const;
  [[nodiscard]] std::uint32_t choose(List list);
  [[nodiscard]] Key key(List list) const;
  [[nodiscard]] SectionRange sections(List list) const;
  [[nodiscard]] std::span<std::uint32_t> span(List list) {
    return std::span(lists_).subspan(list.begin, list.size());
  }
  [[nodiscard]] std::span<const std::uint32_t> span(List list) const {
    return std::span(lists_).subspan(list.begin, list.size());
  }

  SearchState state_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> lists_;  // a stack
  std::vector<std::uint64_t> priority_;
  std::vector<std::uint32_t> by_section_;  // room for a number each
  std::vector<std::uint64_t> pressure_;    // by buffer: the most that is alive together with it
  std::vector<Key> refuted_;
  std::uint64_t random_ = 0;
  std::uint64_t last_step_ = 0;  // of this attempt
};

}  // namespace octrain::advisor
