// How long single touches of memory took that was not there.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace octrain::bench {

class FaultTimes {
 public:
  /// Runs `touch` and notes its time.
  template <class Function>
  void time(const Function& touch) {
    const auto start = Clock::now();
    touch();
    ns_.push_back(std::chrono::nanoseconds(Clock::now() - start).count());
  }
  [[nodiscard]] std::size_t count() const { return ns_.size(); }
  [[nodiscard]] double seconds() const {
    double sum = 0;
    for (const std::int64_t ns : ns_) sum += static_cast<double>(ns);
    return 1e-9 * sum;
  }
  /// The least time that this share of the touches did not exceed: 0.5 is the (lower) median.
  [[nodiscard]] double quantile_us(double share) const {
    std::vector<std::int64_t> sorted = ns_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted.empty() ? 0 : 1e-3 * static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1]);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<std::int64_t> ns_;
};

/// Of a block, beyond the optimiser's reach.
[[nodiscard]] inline std::uint64_t read_word(const std::byte* block) {
  return *reinterpret_cast<const volatile std::uint64_t*>(block);
}
inline void write_word(std::byte* block, std::uint64_t word) {
  *reinterpret_cast<volatile std::uint64_t*>(block) = word;
}

}  // namespace octrain::bench
