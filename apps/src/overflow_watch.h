// A loss scale that the user has fixed, and that is too large, trains nothing: who gave it is told, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace octrain::apps {

class OverflowWatch {
 public:
  /// A few overflows are for a scale to bear; so many in a row are not.
  static constexpr std::uint64_t kTooMany = 10;

  /// `fixed_scale`: none where the scale follows the gradients, or nothing is scaled.
  explicit OverflowWatch(std::optional<float> fixed_scale) : scale_(fixed_scale) {}

  /// After an iteration: what to warn of now.
  [[nodiscard]] std::optional<std::string> note(bool overflow);
  /// Training has ended: the same, where it had fewer iterations than are too many.
  [[nodiscard]] std::optional<std::string> end();

 private:
  [[nodiscard]] std::optional<std::string> warning();

  std::optional<float> scale_;
  std::uint64_t iterations_ = 0, in_a_row_ = 0;
  bool warned_ = false;
};

}  // namespace octrain::apps
