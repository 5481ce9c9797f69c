// Sizes and times as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace octrain::runtime {

inline constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kBlockBytes =
    2 * kMiB;  ///< the unit of residency: a huge page, and the CUDA driver's block

[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// "4GiB", "512MiB", "1.5GB", "4096" (bytes); nothing when it is not a size.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// "12GB/s" or "1.5GiB/s" to bytes per second; "10us", "2ms", "500ns" to nanoseconds.
[[nodiscard]] std::optional<double> parse_bytes_per_second(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_duration_ns(std::string_view text);
/// "12.5%" to 0.125; above 0, and 1 at most.
[[nodiscard]] std::optional<double> parse_share(std::string_view text);

[[nodiscard]] std::string format_bytes(std::uint64_t bytes);  ///< "3.52 GiB", "64.0 MiB"
[[nodiscard]] std::string format_duration(double seconds);  ///< "1 h 02 min", "3 min 20 s", "12.3 s", "45 ms"

}  // namespace octrain::runtime
