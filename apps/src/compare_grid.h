// The cells of a comparison: lists and ranges of the command line, multiplied out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octrain::apps {

/// One training. Empty: not given to it.
struct CompareCell {
  std::int64_t batch = 0;
  std::string mode, device_memory, policy;
  [[nodiscard]] bool makes_plans() const { return mode == "um" || mode == "explicit"; }
  /// What `octrain train` is told of it.
  [[nodiscard]] std::vector<std::string> arguments() const;
  /// "batch 64 um 50% lookahead"
  [[nodiscard]] std::string name() const;
};

struct CompareGrid {
  std::string batches, modes = "incore,um-naive,um,explicit", device_memory, policies;
};

/// "64,128..512,600..1000+200": single numbers, ranges by doubling, ranges by steps, both ends included.
/// Throws UsageError naming the option.
[[nodiscard]] std::vector<std::int64_t> parse_counts(const std::string& option, const std::string& text);
/// The same of sizes ("1GiB..8GiB", "2GiB..8GiB+2GiB") and of shares ("25%..100%"), as text for
/// --device-memory.
[[nodiscard]] std::vector<std::string> parse_device_memory(const std::string& text);
/// Names parted by commas, none of them empty.
[[nodiscard]] std::vector<std::string> parse_names(const std::string& option, const std::string& text);

/// By batch, then mode, device memory and policy. In core there is neither of the latter, and without a plan
/// no policy. Throws UsageError for what cannot be read and for modes that do not exist.
[[nodiscard]] std::vector<CompareCell> cells_of(const CompareGrid& grid);

}  // namespace octrain::apps
