#include "layers/layer_harness.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kShape{5, 11, 3, 5};
constexpr std::int64_t kPixels = 15;

std::size_t channel_of(std::size_t i) { return i / kPixels % static_cast<std::size_t>(kShape.c); }

struct Reference {
  BatchNormParams params;
  Values gamma, beta;

  Values operator()(const Values& x) const {
    const double count = static_cast<double>(kShape.n * kPixels);
    Values mean(11), variance(11), y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) mean[channel_of(i)] += x[i] / count;
    for (std::size_t i = 0; i < x.size(); ++i)
      variance[channel_of(i)] += std::pow(x[i] - mean[channel_of(i)], 2) / count;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = channel_of(i);
      y[i] = (x[i] - mean[c]) / std::sqrt(variance[c] + static_cast<double>(params.epsilon));
      if (params.affine) y[i] = gamma[c] * y[i] + beta[c];
      if (params.relu) y[i] = std::max(0.0, y[i]);
    }
    return y;
  }
};

// All steps of one iteration, as lowering orders them.
class BatchNormRun {
 public:
  BatchNormRun(const Reference& reference, int block, const Values& x, int threads = 0)
      : affine(reference.params.affine),
        bottom({"x", kShape, {block}}, x),
        runner({"bn", {"x"}, {"y"}, reference.params}, {bottom.desc}, 7, nullptr, threads),
        top(runner.top(0, 9)),
        gamma(to_floats(reference.gamma)),
        beta(to_floats(reference.beta)),
        padded(static_cast<std::size_t>(bottom.desc.padded_channels())),
        moments(4 * padded, 9),
        norm(2 * padded, 9),
        sums(4 * padded, 9) {}

  std::vector<const void*> with_affine(std::vector<const void*> in) const {
    if (affine) in.insert(in.end(), {gamma.data(), beta.data()});
    return in;
  }

  void forward() {
    for (const ImageRange r : kRanges) {
      runner.run(Step::statistics, r, {bottom.at(r)}, {moments.data()}, {.accumulate = r.first > 0});
    }
    runner.run(Step::finish_statistics, {0, kShape.n}, {moments.data(), mean.data(), variance.data()},
               {norm.data(), mean.data(), variance.data()});
    normalise(true);
  }

  void test() {
    runner.run(Step::finish_statistics, {0, kShape.n}, {mean.data(), variance.data()}, {norm.data()},
               {.training = false});
    normalise(false);
  }

  void normalise(bool training) {
    for (const ImageRange r : kRanges) {
      runner.run(Step::forward, r, with_affine({bottom.at(r), norm.data()}), {top.at(r)},
                 {.training = training});
    }
  }

  void backward(TestBlob& top_gradient, TestBlob& bottom_gradient, bool accumulate) {
    for (const ImageRange r : kRanges) {
      runner.run(Step::backward_statistics, r, with_affine({bottom.at(r), top_gradient.at(r), norm.data()}),
                 {sums.data()}, {.accumulate = r.first > 0});
    }
    runner.run(Step::backward_parameters, {0, kShape.n}, {sums.data(), norm.data()},
               {gamma_gradient.data(), beta_gradient.data()}, {.accumulate = accumulate});
    for (const ImageRange r : kRanges) {
      runner.run(Step::backward_data, r,
                 with_affine({bottom.at(r), top_gradient.at(r), norm.data(), sums.data()}),
                 {bottom_gradient.at(r)}, {.accumulate = accumulate});
    }
  }

  bool affine;
  TestBlob bottom;
  KernelRunner runner;
  TestBlob top;
  Floats gamma, beta;
  std::size_t padded;
  Floats moments, norm, sums;
  Floats mean = Floats(11, 2), variance = Floats(11, 3);
  Floats gamma_gradient = Floats(11, 0.5f), beta_gradient = Floats(11, 0.5f);
};

Reference make_reference(bool affine, bool relu) {
  Reference reference{{}, random_values(11, 2, 0.5, 2), random_values(11, 3)};
  reference.params.affine = affine;
  reference.params.relu = relu;
  return reference;
}

// (channel block, affine, relu, accumulate)
class BatchNormTest : public ::testing::TestWithParam<std::tuple<int, bool, bool, bool>> {};

TEST_P(BatchNormTest, AgreesWithDoublesAndCentralDifferences) {
  const auto [block, affine, relu, accumulate] = GetParam();
  const Reference reference = make_reference(affine, relu);
  const Values x = random_values(kShape.elements(), 1, -2, 3), weights = random_values(kShape.elements(), 4);
  BatchNormRun run(reference, block, x);
  run.forward();
  expect_near(run.top.values(), reference(x), 2e-6);
  EXPECT_TRUE(run.top.padding_is_zero());

  TestBlob top_gradient(run.top.desc, weights), bottom_gradient(run.bottom.desc, Values(x.size(), 0.25));
  run.backward(top_gradient, bottom_gradient, accumulate);
  const Values expected = numeric_gradient(reference, x, weights);
  expect_near(bottom_gradient.values(), accumulate ? plus(expected, 0.25) : expected, 2e-5);
  EXPECT_TRUE(bottom_gradient.padding_is_zero());
  if (!affine) return;
  const auto of_parameter = [&](Values Reference::*parameter) {
    const auto f = [&](const Values& p) {
      Reference changed = reference;
      changed.*parameter = p;
      return changed(x);
    };
    const Values gradient = numeric_gradient(f, reference.*parameter, weights);
    return accumulate ? plus(gradient, 0.5) : gradient;
  };
  expect_near(to_values(run.gamma_gradient), of_parameter(&Reference::gamma), 2e-5);
  expect_near(to_values(run.beta_gradient), of_parameter(&Reference::beta), 2e-5);
}

INSTANTIATE_TEST_SUITE_P(All, BatchNormTest,
                         ::testing::Combine(::testing::ValuesIn(layouts_under_test()), ::testing::Bool(),
                                            ::testing::Bool(), ::testing::Bool()));

TEST(BatchNorm, KeepsRunningAveragesAndTestsWithThem) {
  Reference reference = make_reference(false, false);
  const Values x = random_values(kShape.elements(), 1, -2, 3);
  BatchNormRun run(reference, layouts_under_test().back(), x);
  run.forward();
  Values sum(11), squares(11);
  const double count = 5 * 15;
  for (std::size_t i = 0; i < x.size(); ++i) sum[channel_of(i)] += x[i] / count;
  for (std::size_t i = 0; i < x.size(); ++i) squares[channel_of(i)] += std::pow(x[i] - sum[channel_of(i)], 2);
  for (std::size_t c = 0; c < 11; ++c) {
    EXPECT_NEAR(run.mean[c], 0.9 * 2 + 0.1 * sum[c], 1e-5);
    EXPECT_NEAR(run.variance[c], 0.9 * 3 + 0.1 * squares[c] / (count - 1), 1e-5);
  }
  run.test();
  const Values y = run.top.values();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = channel_of(i);
    EXPECT_NEAR(
        y[i],
        (x[i] - static_cast<double>(run.mean[c])) / std::sqrt(static_cast<double>(run.variance[c]) + 1e-5),
        1e-5);
  }
  EXPECT_TRUE(run.top.padding_is_zero());
}

TEST(BatchNorm, KeepsItsDigitsWhenTheMeanIsFarFromZero) {
  const Reference reference = make_reference(true, false);
  const Values x = random_values(kShape.elements(), 1, 9999, 10001);
  BatchNormRun run(reference, layouts_under_test().back(), x);
  run.forward();
  expect_near(run.top.values(), reference(x), 2e-3);  // floats near 10000, the mean too, are 1e-3 apart
}

TEST(BatchNorm, GivesTheSameBitsWithAnyNumberOfThreads) {
  const Reference reference = make_reference(true, true);
  const Values x = random_values(kShape.elements(), 1), weights = random_values(kShape.elements(), 4);
  std::vector<Floats> tops, gradients;
  for (const int threads : {1, 2, 3}) {
    BatchNormRun run(reference, layouts_under_test().back(), x, threads);
    run.forward();
    TestBlob top_gradient(run.top.desc, weights), bottom_gradient(run.bottom.desc);
    run.backward(top_gradient, bottom_gradient, false);
    tops.push_back(run.top.data);
    gradients.push_back(bottom_gradient.data);
  }
  (void)make_backend_under_test();
  EXPECT_EQ(tops[0], tops[1]);
  EXPECT_EQ(tops[0], tops[2]);
  EXPECT_EQ(gradients[0], gradients[1]);
  EXPECT_EQ(gradients[0], gradients[2]);
}

TEST(BatchNorm, InANetSlabsDoNotMatter) {
  for (const bool affine : {true, false}) {
    BatchNormParams params;
    params.affine = affine;
    params.relu = true;
    expect_slabs_do_not_matter({blocked_layer("conv", "z", 20, 3), {"bn", {"z"}, {"y"}, params}},
                               {6, 8, 5, 4});
  }
}

}  // namespace
}  // namespace octrain::layers::testing
