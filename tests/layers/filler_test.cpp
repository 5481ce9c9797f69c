#include "octrain/layers/filler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace octrain::layers {
namespace {

const std::vector<std::int64_t> kDims = {64, 32, 16, 25};  // fan in 12800, fan out 25600
constexpr std::size_t kCount = 64 * 32 * 16 * 25;

std::vector<float> filled(const Filler& filler, std::uint64_t key = 1) {
  std::vector<float> values(kCount);
  fill(values, kDims, filler, key);
  return values;
}

struct Moments {
  double mean = 0, deviation = 0, fourth = 0;  // the fourth standardised
};

Moments moments(const std::vector<float>& values) {
  Moments m;
  const auto count = static_cast<double>(values.size());
  for (const float v : values) m.mean += static_cast<double>(v) / count;
  double variance = 0, fourth = 0;
  for (const float v : values) {
    const double d = static_cast<double>(v) - m.mean;
    variance += d * d / count;
    fourth += d * d * d * d / count;
  }
  m.deviation = std::sqrt(variance);
  m.fourth = fourth / (variance * variance);
  return m;
}

// Tolerances are about four standard deviations of the estimates.
void expect_normal(const std::vector<float>& values, double mean, double deviation) {
  const Moments m = moments(values);
  EXPECT_NEAR(m.mean, mean, 4.5e-3 * deviation);
  EXPECT_NEAR(m.deviation / deviation, 1, 3.5e-3);
  EXPECT_NEAR(m.fourth, 3, 0.025);
}

void expect_uniform(const std::vector<float>& values, double low, double high) {
  const Moments m = moments(values);
  EXPECT_NEAR(m.mean, (low + high) / 2, 4.5e-3 * (high - low) / 2);
  EXPECT_NEAR(m.deviation / ((high - low) / std::sqrt(12.0)), 1, 3.5e-3);
  EXPECT_NEAR(m.fourth, 1.8, 0.01);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  EXPECT_GE(static_cast<double>(*least), low - 1e-6);
  EXPECT_LE(static_cast<double>(*most), high + 1e-6);
}

TEST(Filler, Constant) {
  const std::vector<float> values = filled({.value = 0.2f});
  EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float v) { return v == 0.2f; }));
}

TEST(Filler, Gaussian) {
  expect_normal(filled({.kind = Filler::Kind::gaussian, .mean = 2, .stddev = 0.5f}), 2, 0.5);
}

TEST(Filler, Uniform) { expect_uniform(filled({.kind = Filler::Kind::uniform, .min = -1, .max = 3}), -1, 3); }

TEST(Filler, XavierAndMsraGoByTheFan) {
  using Norm = Filler::VarianceNorm;
  const std::pair<Norm, double> fans[] = {
      {Norm::fan_in, 12800}, {Norm::fan_out, 25600}, {Norm::average, 19200}};
  for (const auto& [norm, fan] : fans) {
    const double limit = std::sqrt(3 / fan);
    expect_uniform(filled({.kind = Filler::Kind::xavier, .variance_norm = norm}), -limit, limit);
    expect_normal(filled({.kind = Filler::Kind::msra, .variance_norm = norm}), 0, std::sqrt(2 / fan));
  }
}

TEST(Filler, AVectorHasAFanInOfOne) {
  std::vector<float> values(10'000);
  const std::vector<std::int64_t> dims = {10'000};
  fill(values, dims, {.kind = Filler::Kind::msra}, 1);
  EXPECT_NEAR(moments(values).deviation, std::sqrt(2.0), 0.05);
}

TEST(Filler, IsAFunctionOfKeyAndElement) {
  const Filler filler{.kind = Filler::Kind::gaussian};
  const std::vector<float> values = filled(filler);
  EXPECT_EQ(filled(filler), values);
  EXPECT_NE(filled(filler, 2), values);
  // However many threads share the work, a short parameter starts like a long one.
  std::vector<float> few(1001);
  const std::vector<std::int64_t> dims = {1001};
  fill(few, dims, filler, 1);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), values.begin()));
}

}  // namespace
}  // namespace octrain::layers
