#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kShape{5, 11, 4, 3};

struct Reference {
  LrnParams params;
  Values operator()(const Values& x) const {
    const std::int64_t half = params.local_size / 2;
    const bool across = params.region == LrnParams::Region::across_channels;
    const double area = across ? params.local_size : params.local_size * params.local_size;
    const auto at = [](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
      return static_cast<std::size_t>(((n * kShape.c + c) * kShape.h + h) * kShape.w + w);
    };
    const auto square = [&](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
      const bool inside = c >= 0 && c < kShape.c && h >= 0 && h < kShape.h && w >= 0 && w < kShape.w;
      return inside ? x[at(n, c, h, w)] * x[at(n, c, h, w)] : 0;
    };
    Values y(x.size());
    for (std::int64_t n = 0; n < kShape.n; ++n) {
      for (std::int64_t c = 0; c < kShape.c; ++c) {
        for (std::int64_t h = 0; h < kShape.h; ++h) {
          for (std::int64_t w = 0; w < kShape.w; ++w) {
            double sum = 0;
            for (std::int64_t i = -half; i <= half; ++i) {
              for (std::int64_t j = -half; j <= half && !across; ++j) sum += square(n, c, h + i, w + j);
              if (across) sum += square(n, c + i, h, w);
            }
            const double scale =
                static_cast<double>(params.k) + static_cast<double>(params.alpha) / area * sum;
            y[at(n, c, h, w)] = x[at(n, c, h, w)] * std::pow(scale, -static_cast<double>(params.beta));
          }
        }
      }
    }
    return y;
  }
};

// (channel block, across, beta, accumulate)
class LrnTest : public ::testing::TestWithParam<std::tuple<int, bool, float, bool>> {};

TEST_P(LrnTest, AgreesWithDoublesAndCentralDifferences) {
  const auto [block, across, beta, accumulate] = GetParam();
  const Reference reference{
      {.region = across ? LrnParams::Region::across_channels : LrnParams::Region::within_channel,
       .local_size = across ? 5 : 3,
       .alpha = 1.5f,
       .beta = beta,
       .k = 2}};
  const Values x = random_values(kShape.elements(), 1, -2, 2), weights = random_values(kShape.elements(), 4);
  TestBlob bottom({"x", kShape, {block}}, x);
  const KernelRunner runner({"lrn", {"x"}, {"y"}, reference.params}, {bottom.desc});
  TestBlob top = runner.top(0, 9), top_gradient(top.desc, weights),
           bottom_gradient(top.desc, Values(x.size(), 0.25));
  for (const ImageRange r : kRanges) {
    runner.run(Step::forward, r, {bottom.at(r)}, {top.at(r)});
    runner.run(Step::backward_data, r, {bottom.at(r), top_gradient.at(r)}, {bottom_gradient.at(r)},
               {.accumulate = accumulate});
  }
  expect_near(top.values(), reference(x), 1e-6);
  const Values expected = numeric_gradient(reference, x, weights);
  expect_near(bottom_gradient.values(), accumulate ? plus(expected, 0.25) : expected, 1e-5);
  EXPECT_TRUE(top.padding_is_zero() && bottom_gradient.padding_is_zero());
}

INSTANTIATE_TEST_SUITE_P(All, LrnTest,
                         ::testing::Combine(::testing::ValuesIn(layouts_under_test()), ::testing::Bool(),
                                            ::testing::Values(0.75f, 0.6f), ::testing::Bool()));

TEST(Lrn, RefusesAnEvenWindow) {
  const LayerSpec spec{"lrn", {"x"}, {"y"}, LrnParams{.local_size = 4}};
  EXPECT_THROW((void)layer_type(spec.params).top_shapes(spec, {{kShape}}), runtime::UsageError);
}

TEST(Lrn, InANetSlabsDoNotMatter) {
  for (const auto region : {LrnParams::Region::across_channels, LrnParams::Region::within_channel}) {
    expect_slabs_do_not_matter({{"lrn", {"x"}, {"y"}, LrnParams{.region = region, .local_size = 3}}},
                               {6, 8, 5, 4});
  }
}

}  // namespace
}  // namespace octrain::layers::testing
