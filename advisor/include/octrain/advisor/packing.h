// Packing: an offset for every buffer, so that buffers that are alive together share no byte and the whole
// stays low (dynamic storage allocation with known lifetimes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace octrain::advisor {

struct Buffer {
  std::string id;           ///< for people and files
  std::uint64_t lower = 0;  ///< alive from op `lower` …
  std::uint64_t upper = 0;  ///< … up to, and without, op `upper`
  std::uint64_t size_bytes = 0;
};

struct PackingProblem {
  std::vector<Buffer> buffers;  ///< their sizes add up to less than 2^62
  /// A height that is low enough: nobody searches for less. 0: as low as it can be.
  std::uint64_t capacity_bytes = 0;
};

struct PackingSolution {
  std::vector<std::uint64_t> offsets;  ///< by buffer
  std::uint64_t height_bytes = 0;      ///< the largest offset + size
  bool proven = false;                 ///< nothing lower exists
};

/// The most bytes alive at once: no packing is lower.
[[nodiscard]] std::uint64_t lower_bound(const PackingProblem& problem);

struct PackingDefect {
  enum class Kind { missing, overlap, past_capacity };
  Kind kind{};
  std::size_t a = 0;               ///< the buffer concerned
  std::size_t b = 0;               ///< overlap: the other one
  std::uint64_t op = 0;            ///< overlap: the first op at which both are alive
  std::uint64_t excess_bytes = 0;  ///< past_capacity: by how much
  std::string message;             ///< one line
};

/// The first defect of an answer, if it has one. Shares no code with the algorithms.
[[nodiscard]] std::optional<PackingDefect> check_packing(const PackingProblem& problem,
                                                         const PackingSolution& solution);

/// What the search for a lower packing may cost. A step is a look at one buffer in one stretch of ops; the
/// count, unlike the clock, makes the answer the same on every machine.
inline constexpr std::uint64_t kQuickSteps = 100'000'000;        ///< half a second
inline constexpr std::uint64_t kThoroughSteps = 12'000'000'000;  ///< about a minute

/// Pure: same problem and steps, same answer.
struct PackingAlgorithm {
  std::string_view name;
  std::string_view summary;  ///< one line, with the source
  PackingSolution (*pack)(const PackingProblem& problem, std::uint64_t steps);
};

[[nodiscard]] std::span<const PackingAlgorithm> packing_algorithms();
/// By name; nullptr when there is none.
[[nodiscard]] const PackingAlgorithm* find_packing_algorithm(std::string_view name);

}  // namespace octrain::advisor
