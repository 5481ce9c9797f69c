#include "overflow_watch.h"

#include <fmt/format.h>

namespace octrain::apps {

std::optional<std::string> OverflowWatch::note(bool overflow) {
  ++iterations_;
  in_a_row_ = overflow ? in_a_row_ + 1 : 0;
  if (in_a_row_ < kTooMany) return {};
  return warning();
}

std::optional<std::string> OverflowWatch::end() {
  if (iterations_ == 0 || in_a_row_ < iterations_) return {};
  return warning();
}

std::optional<std::string> OverflowWatch::warning() {
  if (!scale_ || warned_) return {};
  warned_ = true;
  return fmt::format(
      "warning: gradients overflowed in {} with --loss-scale {:g}, and weights stayed as they were: "
      "give a smaller one, or none (by default the scale follows the gradients)",
      in_a_row_ == 1 ? std::string("the only iteration") : fmt::format("{} iterations in a row", in_a_row_),
      *scale_);
}

}  // namespace octrain::apps
