#include "functors/divider.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace octrain::layers::cuda {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

void expect_exact(std::int64_t number, std::int64_t divisor) {
  const Divider::Split split = Divider(divisor).split(number);
  ASSERT_EQ(split.quotient, number / divisor) << number << " / " << divisor;
  ASSERT_EQ(split.remainder, number % divisor) << number << " / " << divisor;
}

TEST(Divider, IsExactAroundMultiples) {
  std::vector<std::int64_t> divisors = {kLargest, kLargest - 1, 3037000499, 1000003};
  for (std::int64_t d = 1; d < 300; ++d) divisors.push_back(d);
  for (int bit = 1; bit < 62; ++bit) {
    for (const int near : {-1, 0, 1}) divisors.push_back((std::int64_t{1} << bit) + near);
  }
  for (const std::int64_t d : divisors) {
    if (d < 1) continue;
    const std::int64_t last = kLargest / d;  // multiple that there is
    for (const std::int64_t multiple : {std::int64_t{0}, std::int64_t{1}, last / 2, last - 1, last}) {
      if (multiple < 0) continue;
      const std::int64_t at = multiple * d;
      expect_exact(at, d);
      if (at > 0) expect_exact(at - 1, d);
      if (at < kLargest) expect_exact(at + 1, d);
    }
    expect_exact(kLargest, d);
  }
}

TEST(Divider, IsExactAnywhere) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto number = static_cast<std::int64_t>(random() >> (1 + random() % 63)),
               divisor = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    if (divisor > 0) expect_exact(number, divisor);
  }
}

}  // namespace
}  // namespace octrain::layers::cuda
