// How many random cases a property test draws.
#pragma once

#include <algorithm>
#include <cstdint>

namespace octrain::testing {

/// `count`, or a tenth of it where a sanitizer makes every case slow.
[[nodiscard]] constexpr std::uint32_t cases(std::uint32_t count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::max(1u, count / 10);
#else
  return count;
#endif
}

}  // namespace octrain::testing
