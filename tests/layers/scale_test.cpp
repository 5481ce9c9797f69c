#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kShape{5, 11, 3, 5};

struct Reference {
  bool bias, relu;
  Values gamma, beta;
  Values operator()(const Values& x) const {
    Values y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = i / 15 % 11;
      y[i] = gamma[c] * x[i] + (bias ? beta[c] : 0);
      if (relu) y[i] = std::max(0.0, y[i]);
    }
    return y;
  }
};

// (channel block, bias, relu, accumulate)
class ScaleTest : public ::testing::TestWithParam<std::tuple<int, bool, bool, bool>> {};

TEST_P(ScaleTest, AgreesWithDoublesAndCentralDifferences) {
  const auto [block, bias, relu, accumulate] = GetParam();
  const Reference reference{bias, relu, random_values(11, 2, -2, 2), random_values(11, 3)};
  const Values x = random_values(kShape.elements(), 1), weights = random_values(kShape.elements(), 4);
  ScaleParams params;
  params.bias = bias;
  params.relu = relu;
  TestBlob bottom({"x", kShape, {block}}, x);
  const KernelRunner runner({"scale", {"x"}, {"y"}, params}, {bottom.desc});
  TestBlob top = runner.top(0, 9), top_gradient(top.desc, weights),
           bottom_gradient(top.desc, Values(x.size(), 0.25));
  const Floats gamma = to_floats(reference.gamma), beta = to_floats(reference.beta);
  Floats gamma_gradient(11, 0.5f), beta_gradient(11, 0.5f);
  const auto with_parameters = [&, has_bias = bias](std::vector<const void*> in) {
    in.push_back(gamma.data());
    if (has_bias) in.push_back(beta.data());
    return in;
  };
  for (const ImageRange r : kRanges) {
    runner.run(Step::forward, r, with_parameters({bottom.at(r)}), {top.at(r)});
    const auto in = with_parameters({bottom.at(r), top_gradient.at(r)});
    std::vector<void*> out = {gamma_gradient.data()};
    if (bias) out.push_back(beta_gradient.data());
    runner.run(Step::backward_parameters, r, in, out, {.accumulate = accumulate || r.first > 0});
    runner.run(Step::backward_data, r, in, {bottom_gradient.at(r)}, {.accumulate = accumulate});
  }
  expect_near(top.values(), reference(x), 1e-6);
  const Values expected = numeric_gradient(reference, x, weights);
  expect_near(bottom_gradient.values(), accumulate ? plus(expected, 0.25) : expected, 1e-5);
  EXPECT_TRUE(top.padding_is_zero() && bottom_gradient.padding_is_zero());
  const auto of_parameter = [&](Values Reference::*parameter) {
    const auto f = [&](const Values& p) {
      Reference changed = reference;
      changed.*parameter = p;
      return changed(x);
    };
    return plus(numeric_gradient(f, reference.*parameter, weights), accumulate ? 0.5 : 0);
  };
  expect_near(to_values(gamma_gradient), of_parameter(&Reference::gamma), 1e-5);
  if (bias) expect_near(to_values(beta_gradient), of_parameter(&Reference::beta), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, ScaleTest,
                         ::testing::Combine(::testing::ValuesIn(layouts_under_test()), ::testing::Bool(),
                                            ::testing::Bool(), ::testing::Bool()));

TEST(Scale, RefusesToWorkInPlace) {
  const LayerSpec spec{"scale", {"x"}, {"x"}, ScaleParams{}};
  EXPECT_THROW((void)layer_type(spec.params).top_shapes(spec, {{kShape}}), runtime::UsageError);
}

TEST(Scale, InANetSlabsDoNotMatter) {
  expect_slabs_do_not_matter({{"scale", {"x"}, {"y"}, ScaleParams{}}}, {6, 5, 4, 3});
}

}  // namespace
}  // namespace octrain::layers::testing
