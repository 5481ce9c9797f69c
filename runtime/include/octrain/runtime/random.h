// Counter-based random numbers: the value is a function of key and counter alone, so a mask or a filler can
// be made again in any order, on any thread, on any backend. Philox4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace octrain::runtime {

class Philox {
 public:
  explicit constexpr Philox(std::uint64_t key)
      : key_{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)} {}

  /// Four 32-bit words for the 128-bit counter (low, high).
  [[nodiscard]] constexpr std::array<std::uint32_t, 4> operator()(std::uint64_t low,
                                                                  std::uint64_t high = 0) const {
    std::array<std::uint32_t, 4> c = {static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                                      static_cast<std::uint32_t>(high),
                                      static_cast<std::uint32_t>(high >> 32)};
    std::uint32_t k0 = key_[0], k1 = key_[1];
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
      c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
           static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }

  /// Uniform in [0, 1): 24 random bits of word `index` of the sequence.
  [[nodiscard]] constexpr float uniform(std::uint64_t index, std::uint64_t stream = 0) const {
    return static_cast<float>((*this)(index / 4, stream)[index % 4] >> 8) * 0x1p-24f;
  }

  /// Standard normal by Box-Muller; element `index` of the sequence.
  [[nodiscard]] float normal(std::uint64_t index, std::uint64_t stream = 0) const {
    const auto words = (*this)(index / 2, stream);
    const std::size_t pair = (index % 2) * 2;
    const double u1 = (static_cast<double>(words[pair]) + 1.0) * 0x1p-32,
                 u2 = static_cast<double>(words[pair + 1]) * 0x1p-32;
    return static_cast<float>(std::sqrt(-2.0 * std::log(u1)) * std::cos(6.283185307179586 * u2));
  }

 private:
  std::array<std::uint32_t, 2> key_;
};

/// Mixes words into one key (splitmix64 finaliser), e.g. seed and layer index.
[[nodiscard]] constexpr std::uint64_t mix_keys(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9E3779B97F4A7C15u * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace octrain::runtime
