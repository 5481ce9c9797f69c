#include "octrain/runtime/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

namespace octrain::runtime {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 14> kSizeUnits{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1e3},
                                           {"KB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", 0x1p10},
                                           {"MiB", 0x1p20},
                                           {"GiB", 0x1p30},
                                           {"TiB", 0x1p40},
                                           {"K", 0x1p10},
                                           {"M", 0x1p20},
                                           {"G", 0x1p30}}};
constexpr std::array<Unit, 4> kTimeUnits{{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
constexpr double kLargest = 0x1p63;  // beyond it lies no size or time that means anything

/// "NUMBER UNIT" with optional spaces between; the number is finite, not negative and written in plain
/// decimals.
std::optional<double> parse_quantity(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (status != std::errc{} || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  for (const Unit& unit : units) {
    if (text == unit.name) {
      const double value = number * unit.factor;
      return value < kLargest ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string print(const char* format, double value, const char* unit) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value, unit);
  return buffer.data();
}

std::string print_pair(long long large, const char* large_unit, long long small, const char* small_unit) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%lld %s %02lld %s", large, large_unit, small, small_unit);
  return buffer.data();
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto value = parse_quantity(text, kSizeUnits);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<double> parse_bytes_per_second(std::string_view text) {
  if (!text.ends_with("/s")) return std::nullopt;
  text.remove_suffix(2);
  const auto value = parse_quantity(text, kSizeUnits);
  return value && *value > 0 ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_duration_ns(std::string_view text) {
  const auto value = parse_quantity(text, kTimeUnits);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*value));
}

std::optional<double> parse_share(std::string_view text) {
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool is_share =
      error == std::errc() && text.substr(static_cast<std::size_t>(end - text.data())) == "%";
  if (!is_share || !(percent > 0) || percent > 100) return {};
  return percent / 100;
}

std::string format_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < kKiB) return std::to_string(bytes) + " B";
  if (bytes < kMiB) return print("%.1f %s", value / static_cast<double>(kKiB), "KiB");
  if (bytes < kGiB) return print("%.1f %s", value / static_cast<double>(kMiB), "MiB");
  return print("%.2f %s", value / static_cast<double>(kGiB), "GiB");
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0)) return "unknown";
  if (seconds < 1e-3) return print("%.0f %s", seconds * 1e6, "us");
  if (seconds < 1) return print("%.0f %s", seconds * 1e3, "ms");
  if (seconds < 60) return print("%.1f %s", seconds, "s");
  if (!(seconds < 1e9)) return "decades";
  const long long whole = std::llround(seconds);
  if (whole < 3600) return print_pair(whole / 60, "min", whole % 60, "s");
  return print_pair(whole / 3600, "h", whole % 3600 / 60, "min");
}

}  // namespace octrain::runtime
