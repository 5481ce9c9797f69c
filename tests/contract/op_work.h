// What the suite's ops write and expect, and the way of memory that is touched at once.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "contract/memory_space_case.h"

namespace octrain::runtime {

/// Contents that tell tensor, version and place apart. The thread sanitizer is to watch the account, not
/// these: word by word it would take minutes, and whose bytes they are shows in the contents themselves.
#define OCTRAIN_UNWATCHED __attribute__((no_sanitize("thread")))
inline constexpr std::uint64_t kPatternStep = 0x9E3779B97F4A7C15ULL;

[[nodiscard]] inline std::uint64_t pattern_start(TensorId tensor, std::uint64_t version) {
  return (std::uint64_t{tensor} << 48) ^ (version << 24);
}
OCTRAIN_UNWATCHED inline void write_pattern(std::byte* at, std::uint64_t value, std::uint64_t bytes) {
  auto* words = reinterpret_cast<std::uint64_t*>(at);
  for (std::uint64_t i = 0; i < bytes / sizeof(std::uint64_t); ++i) words[i] = value += kPatternStep;
}
[[nodiscard]] OCTRAIN_UNWATCHED inline bool holds_pattern(const std::byte* at, std::uint64_t value,
                                                          std::uint64_t bytes) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(at);
  std::uint64_t different = 0;
  for (std::uint64_t i = 0; i < bytes / sizeof(std::uint64_t); ++i)
    different |= words[i] ^ (value += kPatternStep);
  return different == 0;
}
/// Looks at one byte of each page.
[[nodiscard]] inline bool is_filled(const std::byte* at, std::byte value, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes; i += 4096) {
    if (at[i] != value) return false;
  }
  return true;
}

class HostOpWork final : public OpWork {
 public:
  void fill(std::byte* at, std::byte value, std::uint64_t bytes) override {
    std::memset(at, std::to_integer<int>(value), bytes);
  }
  void expect_filled(const std::byte* at, std::byte value, std::uint64_t bytes) override {
    EXPECT_TRUE(is_filled(at, value, bytes)) << "workspace";
  }
  void write(std::byte* at, std::uint64_t start, std::uint64_t bytes) override {
    write_pattern(at, start, bytes);
  }
  void expect(const std::byte* at, std::uint64_t start, std::uint64_t bytes, std::string what) override {
    EXPECT_TRUE(holds_pattern(at, start, bytes)) << what;
  }
};

}  // namespace octrain::runtime
