#include "compare_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

constexpr std::size_t kMostValues = 1000;

/// A positive whole number, or nothing.
std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 1u << 30) return {};
  return value;
}

constexpr double kThousandths = 1e5;  // of a percent, in all

/// In thousandths of a percent.
std::optional<std::uint64_t> parse_fine_share(std::string_view text) {
  const auto share = runtime::parse_share(text);
  const auto value = static_cast<std::uint64_t>(std::llround(share.value_or(0) * kThousandths));
  return value > 0 ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = runtime::parse_bytes(text);
  return bytes && *bytes > 0 ? bytes : std::nullopt;
}

using Parse = std::function<std::optional<std::uint64_t>(std::string_view)>;

/// "A", "A..B" or "A..B+S"; nothing when it is none of them.
std::optional<std::vector<std::uint64_t>> values_of(std::string_view item, const Parse& parse) {
  const std::size_t dots = item.find("..");
  const auto first = parse(item.substr(0, dots));
  if (!first) return {};
  if (dots == std::string_view::npos) return std::vector{*first};
  const std::string_view rest = item.substr(dots + 2);
  const std::size_t plus = rest.find('+');
  const auto last = parse(rest.substr(0, plus));
  const auto step =
      plus == std::string_view::npos ? std::optional<std::uint64_t>(0) : parse(rest.substr(plus + 1));
  if (!last || !step || *last < *first) return {};
  std::vector<std::uint64_t> values;
  for (std::uint64_t value = *first; value <= *last; value += *step == 0 ? value : *step) {
    values.push_back(value);
    if (values.size() > kMostValues)
      throw runtime::UsageError(fmt::format("'{}' is more than {} values", item, kMostValues));
  }
  return values;
}

}  // namespace

std::vector<std::string> parse_names(const std::string& option, const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    names.push_back(text.substr(start, end - start));
    if (names.back().empty())
      throw runtime::UsageError(fmt::format("{} '{}': a name is missing", option, text));
    start = end + 1;
  }
  return names;
}

std::vector<std::int64_t> parse_counts(const std::string& option, const std::string& text) {
  std::vector<std::int64_t> counts;
  for (const std::string& item : parse_names(option, text)) {
    const auto values = values_of(item, parse_count);
    if (!values) {
      throw runtime::UsageError(
          fmt::format("{}: '{}' is neither a number, nor a range like 64..512 or 64..256+64", option, item));
    }
    counts.insert(counts.end(), values->begin(), values->end());
  }
  return counts;
}

std::vector<std::string> parse_device_memory(const std::string& text) {
  std::vector<std::string> budgets;
  for (const std::string& item : parse_names("--device-memory", text)) {
    const bool shares = item.find('%') != std::string::npos;
    const auto values = shares ? values_of(item, parse_fine_share) : values_of(item, parse_size);
    if (!values) {
      throw runtime::UsageError(
          fmt::format("--device-memory: '{}' is neither a size like 4GiB, a share like 50%, nor a range of "
                      "such like 1GiB..8GiB or "
                      "25%..75%+25%",
                      item));
    }
    const bool is_range = item.find("..") != std::string::npos;
    for (const std::uint64_t value : *values)
      budgets.push_back(!is_range ? item
                        : shares  ? fmt::format("{}%", static_cast<double>(value) * 100 / kThousandths)
                                  : fmt::format("{}", value));
  }
  return budgets;
}

std::vector<std::string> CompareCell::arguments() const {
  std::vector<std::string> arguments{"--batch", fmt::format("{}", batch), "--mode", mode};
  if (!device_memory.empty()) arguments.insert(arguments.end(), {"--device-memory", device_memory});
  if (!policy.empty()) arguments.insert(arguments.end(), {"--policy", policy});
  return arguments;
}

std::string CompareCell::name() const {
  std::string name = fmt::format("batch {} {}", batch, mode);
  for (const std::string& part : {device_memory, policy}) {
    if (!part.empty()) name += ' ' + part;
  }
  return name;
}

std::vector<CompareCell> cells_of(const CompareGrid& grid) {
  const std::vector<std::string> none{""};
  const auto budgets = grid.device_memory.empty() ? none : parse_device_memory(grid.device_memory);
  const auto policies = grid.policies.empty() ? none : parse_names("--policy", grid.policies);
  const std::vector<std::string> modes = parse_names("--modes", grid.modes);
  std::vector<CompareCell> cells;
  for (const std::int64_t batch : parse_counts("--batch", grid.batches)) {
    for (const std::string& mode : modes) {
      const bool in_core = mode == "incore", plans = CompareCell{batch, mode, {}, {}}.makes_plans();
      if (!in_core && !plans && mode != "um-naive")
        throw runtime::UsageError("--modes: '" + mode + "' is not one of incore, um-naive, um, explicit");
      for (const std::string& budget : in_core ? none : budgets) {
        for (const std::string& policy : plans ? policies : none)
          cells.push_back({batch, mode, budget, policy});
      }
    }
  }
  return cells;
}

}  // namespace octrain::apps
