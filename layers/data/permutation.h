// A pseudo-random permutation of 0 … size - 1 whose every value is computed alone: no table, no order of
// calls.
#pragma once

#include <bit>
#include <cstdint>

#include "octrain/runtime/random.h"

namespace octrain::layers {

/// A Feistel network over the smallest even number of bits that holds `size`; values past `size` are permuted
/// again (cycle walking: fewer than four rounds on average).
class Permutation {
 public:
  Permutation(std::uint64_t key, std::uint64_t size)
      : philox_(key),
        size_(size),
        half_bits_((static_cast<int>(std::bit_width(size > 1 ? size - 1 : 1)) + 1) / 2),
        half_mask_((std::uint64_t{1} << half_bits_) - 1) {}

  [[nodiscard]] std::uint64_t operator()(std::uint64_t index) const {
    do index = permute(index);
    while (index >= size_);
    return index;
  }

 private:
  static constexpr std::uint64_t kRounds = 6;

  [[nodiscard]] std::uint64_t permute(std::uint64_t value) const {
    std::uint64_t left = value >> half_bits_, right = value & half_mask_;
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      const std::uint64_t mixed = left ^ (philox_(right, round)[0] & half_mask_);
      left = right;
      right = mixed;
    }
    return left << half_bits_ | right;
  }

  runtime::Philox philox_;
  std::uint64_t size_;
  int half_bits_;
  std::uint64_t half_mask_;
};

}  // namespace octrain::layers
