// What the ops of random_ops.h do to words; also compiled for the device, as C++17.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define OCTRAIN_ON_BOTH __host__ __device__
#else
#define OCTRAIN_ON_BOTH
#endif

namespace octrain::runtime::cuda {

/// One word of each page says enough: whose page it is, and of when.
inline constexpr std::uint64_t kWordPageBytes = 4096;
/// What workspace is spoilt with.
inline constexpr std::uint64_t kSpoilt = 0xBADBAD;

[[nodiscard]] OCTRAIN_ON_BOTH inline std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  std::uint64_t mixed = (left ^ (right + 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  return mixed ^ (mixed >> 29);
}

}  // namespace octrain::runtime::cuda
