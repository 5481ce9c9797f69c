// Where a training stands, in one line that is no wider than it may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace octrain::apps {

/// Figures of the last iteration that ended.
struct LastIteration {
  double loss = 0, images_per_second = 0, stall_seconds = 0;
  double in_bytes_per_second = 0, out_bytes_per_second = 0;
  std::optional<std::uint64_t> faults;  ///< none: nobody has measured them
};

struct Standing {
  bool testing = false;
  std::uint64_t at = 0;                   ///< the iteration, or batch of a test, from 1
  std::uint64_t of = 0;                   ///< 0: nobody knows
  std::size_t ops_done = 0, ops = 0;      ///< of a pass under way; 0: of none
  std::optional<LastIteration> last{};    ///< none: the first is under way
  double expected_images_per_second = 0;  ///< while there is no last
  std::optional<double> remaining_seconds{};
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_bytes = 0;  ///< of the last iteration
};

/// No wider than `columns`: what matters less is said in fewer words, then left out.
[[nodiscard]] std::string progress_text(const Standing& standing, std::size_t columns);

/// The first so many columns of a line.
[[nodiscard]] std::string cut_to(const std::string& line, std::size_t columns);

}  // namespace octrain::apps
