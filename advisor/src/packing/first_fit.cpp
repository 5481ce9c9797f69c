// Largest first, each at the lowest offset that is free for its whole life.
#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "algorithms.h"

namespace octrain::advisor {
namespace {

/// A life by the ranks of its ends among all ends: narrow, so that a look at many is quick.
struct Life {
  std::int32_t lower = 0, upper = 0;
};

std::vector<Life> lives_of(const PackingProblem& problem, const std::vector<std::size_t>& buffers) {
  std::vector<std::uint64_t> ends;
  ends.reserve(2 * buffers.size());
  for (const std::size_t i : buffers) {
    ends.push_back(problem.buffers[i].lower);
    ends.push_back(problem.buffers[i].upper);
  }
  std::sort(ends.begin(), ends.end());
  const auto rank = [&](std::uint64_t op) {
    return static_cast<std::int32_t>(std::lower_bound(ends.begin(), ends.end(), op) - ends.begin());
  };
  std::vector<Life> lives(problem.buffers.size());
  for (const std::size_t i : buffers) {
    lives[i] = {rank(problem.buffers[i].lower), rank(problem.buffers[i].upper)};
  }
  return lives;
}

/// What has its place, ordered by offset, in blocks: a newcomer moves a block's entries, not all.
class Placed {
 public:
  [[nodiscard]] std::uint64_t lowest_gap(Life life, std::uint64_t bytes) const {
    std::uint64_t at = 0;
    for (const std::size_t index : order_) {
      const Block& block = blocks_[index];
      if (block.offset[0] >= at + bytes) break;
      const Block::Flags meets = block.meeting(life);
      for (std::size_t first = 0; first < block.count; first += kWord) {
        for (std::uint64_t word = word_at(meets, first); word != 0; word &= word - 1) {
          const std::size_t i = first + static_cast<std::size_t>(std::countr_zero(word)) / 8;
          if (block.offset[i] >= at + bytes) return at;
          at = std::max(at, block.end[i]);
        }
      }
    }
    return at;
  }

  void insert(Life life, std::uint64_t offset, std::uint64_t bytes) {
    if (order_.empty()) order_.push_back(new_block());
    const auto after = std::upper_bound(
        order_.begin(), order_.end(), offset,
        [&](std::uint64_t value, std::size_t index) { return value < blocks_[index].offset[0]; });
    const std::size_t position =
        after == order_.begin() ? 0 : static_cast<std::size_t>(after - order_.begin()) - 1;
    blocks_[order_[position]].insert(life, offset, offset + bytes);
    if (blocks_[order_[position]].count == kBlock) split(position);
  }

 private:
  static constexpr std::size_t kBlock = 64;
  static constexpr std::size_t kWord = 8;

  struct Block {
    std::array<std::int32_t, kBlock> lower{}, upper{};
    std::array<std::uint64_t, kBlock> offset{}, end{};
    std::size_t count = 0;

    using Flags = std::array<std::uint8_t, kBlock>;
    /// 1 for every entry that is alive together with `life`; 0 past the count, where lives are empty.
    [[nodiscard]] Flags meeting(Life life) const {
      Flags meets;
      for (std::size_t i = 0; i < kBlock; ++i) meets[i] = (lower[i] < life.upper) & (upper[i] > life.lower);
      return meets;
    }

    void insert(Life life, std::uint64_t from, std::uint64_t to) {
      const auto at = static_cast<std::size_t>(
          std::upper_bound(offset.begin(), offset.begin() + static_cast<std::ptrdiff_t>(count), from) -
          offset.begin());
      const auto put = [&](auto& values, auto value) {
        std::copy_backward(values.begin() + static_cast<std::ptrdiff_t>(at),
                           values.begin() + static_cast<std::ptrdiff_t>(count),
                           values.begin() + static_cast<std::ptrdiff_t>(count) + 1);
        values[at] = value;
      };
      put(lower, life.lower);
      put(upper, life.upper);
      put(offset, from);
      put(end, to);
      ++count;
    }
  };

  /// Eight flags at once, the first in the lowest byte.
  static std::uint64_t word_at(const Block::Flags& flags, std::size_t first) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < kWord; ++i) word |= std::uint64_t{flags[first + i]} << (8 * i);
    return word;
  }

  std::size_t new_block() {
    blocks_.emplace_back();
    return blocks_.size() - 1;
  }

  void split(std::size_t position) {
    const std::size_t index = new_block();
    Block& full = blocks_[order_[position]];
    Block& upper_half = blocks_[index];
    for (std::size_t i = kBlock / 2; i < kBlock; ++i) {
      upper_half.insert({full.lower[i], full.upper[i]}, full.offset[i], full.end[i]);
      full.lower[i] = full.upper[i] = 0;
    }
    full.count = kBlock / 2;
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(position) + 1, index);
  }

  std::vector<Block> blocks_;
  std::vector<std::size_t> order_;  // of the blocks, by offset
};

PackingSolution pack(const PackingProblem& problem, std::uint64_t /*steps*/) {
  std::vector<std::size_t> order = occupying_buffers(problem);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(problem.buffers[b].size_bytes, a) < std::tuple(problem.buffers[a].size_bytes, b);
  });
  return first_fit_in_order(problem, order);
}

}  // namespace

PackingSolution first_fit_in_order(const PackingProblem& problem, const std::vector<std::size_t>& order) {
  const std::vector<Life> lives = lives_of(problem, order);
  std::vector<std::uint64_t> offsets(problem.buffers.size(), 0);
  Placed placed;
  for (const std::size_t i : order) {
    offsets[i] = placed.lowest_gap(lives[i], problem.buffers[i].size_bytes);
    placed.insert(lives[i], offsets[i], problem.buffers[i].size_bytes);
  }
  return measured(problem, std::move(offsets));
}

PackingAlgorithm first_fit_packing() {
  return {"first-fit", "largest first, each at the lowest offset that is free", pack};
}

}  // namespace octrain::advisor
