// The best reruns of a small pass, by exhaustive search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pass.h"

namespace octrain::advisor {

/// The most values that a search may decide on: it may meet every set of them at every op.
constexpr std::size_t kMostSearched = 16;

class ExactSearch {
 public:
  ExactSearch(const PassValues& values, const Pass& pass);

  /// False if the pass has too many values.
  [[nodiscard]] bool possible() const { return items_.size() <= kMostSearched; }
  /// The reruns that take least time among those with which everything fits, transfers aside, in the order in
  /// which they happen; nothing if it never does.
  [[nodiscard]] std::optional<std::vector<Rerun>> search(std::uint64_t budget_bytes) const;

 private:
  using Mask = std::uint32_t;  // of the items that are on the device

  /// A value that may be dropped and made again, or that a rerun needs.
  struct Item {
    ValueId value = 0;
    bool may_drop = false;  ///< although somebody still reads it
  };
  /// An op that may run again.
  struct Maker {
    OpIndex op = 0;
    OpIndex last = 0;  // before this op at the latest
    Mask reads = 0;
    Mask writes = 0;
    std::uint64_t ns = 0;
    std::uint64_t other_bytes = 0;  // its workspace, and what it writes besides
  };
  /// What an op of the schedule does to the items.
  struct Effect {
    Mask reads = 0;
    Mask writes = 0;
    Mask overwrites = 0;
  };
  /// How a set was reached in front of an op.
  struct Node {
    Mask mask = 0;
    Mask from = 0;
    std::uint32_t move = 0;  // a maker's index, kDrop, or kAdvance: from the set in front of the op before
  };
  using Layer = std::vector<Node>;  // in order of mask
  static constexpr std::uint32_t kDrop = ~std::uint32_t{0};
  static constexpr std::uint32_t kAdvance = kDrop - 1;

  class Frontier;

  void list_items(const PassValues& values);
  void list_makers(const PassValues& values);
  [[nodiscard]] Mask mask_of(ValueId value) const;
  [[nodiscard]] Effect effect_of(OpIndex op) const;
  [[nodiscard]] Mask initial() const;
  [[nodiscard]] Mask may_leave(OpIndex before) const;
  [[nodiscard]] std::vector<std::uint64_t> bytes_by_mask() const;
  bool run_again(OpIndex op, Mask mask, std::uint64_t ns, std::uint64_t budget_bytes,
                 const std::vector<std::uint64_t>& bytes, Frontier& here) const;
  [[nodiscard]] std::vector<Rerun> trace(const std::vector<Layer>& layers, Mask mask) const;

  const Lineage& lineage_;
  Pass pass_;
  std::vector<Item> items_;  // in order of value
  std::vector<Maker> makers_;
  std::optional<FixedBytes> fixed_;
};

}  // namespace octrain::advisor
