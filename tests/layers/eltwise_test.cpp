#include <numeric>

#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

using Operation = EltwiseParams::Operation;
constexpr Shape kShape{5, 11, 3, 2};
constexpr std::size_t kElements = 5 * 11 * 6, kBottoms = 3;

// The bottoms one behind another -> the top.
struct Reference {
  EltwiseParams params;
  Values operator()(const Values& x) const {
    Values y(kElements);
    for (std::size_t e = 0; e < kElements; ++e) {
      for (std::size_t i = 0; i < kBottoms; ++i) {
        const double value = x[i * kElements + e];
        const double factor = params.coefficients.empty() ? 1 : static_cast<double>(params.coefficients[i]);
        if (i == 0) {
          y[e] = factor * value;
        } else if (params.operation == Operation::sum) {
          y[e] += factor * value;
        } else {
          y[e] = params.operation == Operation::product ? y[e] * value : std::max(y[e], value);
        }
      }
      if (params.relu) y[e] = std::max(0.0, y[e]);
    }
    return y;
  }
};

Values part(const Values& values, std::size_t i) {
  return {values.begin() + static_cast<std::ptrdiff_t>(i * kElements),
          values.begin() + static_cast<std::ptrdiff_t>((i + 1) * kElements)};
}

struct Formula {
  Operation operation;
  std::vector<float> coefficients;
};

// (channel blocks, formula, relu, accumulate)
using Layouts = std::vector<int>;
class EltwiseTest : public ::testing::TestWithParam<std::tuple<Layouts, Formula, bool, bool>> {};

TEST_P(EltwiseTest, AgreesWithDoublesAndCentralDifferences) {
  const auto& [blocks, formula, relu, accumulate] = GetParam();
  const Reference reference{{formula.operation, formula.coefficients, relu}};
  const Values x = random_values(kElements * kBottoms, 1), weights = random_values(kElements, 4);
  std::vector<BlobDesc> descs;
  std::vector<TestBlob> bottoms, gradients;
  for (std::size_t i = 0; i < kBottoms; ++i) {
    descs.push_back({"x", kShape, {blocks[i]}});
    bottoms.emplace_back(descs[i], part(x, i));
    gradients.emplace_back(descs[i], Values(kElements, 0.25));
  }
  const KernelRunner runner({"eltwise", {"a", "b", "c"}, {"y"}, reference.params}, descs);
  TestBlob top = runner.top(0, 9), top_gradient(top.desc, weights);
  for (const ImageRange r : kRanges) {
    std::vector<const void*> values;
    for (TestBlob& bottom : bottoms) values.push_back(bottom.at(r));
    runner.run(Step::forward, r, values, {top.at(r)});
    std::vector<const void*> in = {top_gradient.at(r)};
    if (relu) in.push_back(top.at(r));
    if (formula.operation != Operation::sum) in.insert(in.end(), values.begin(), values.end());
    runner.run(Step::backward_data, r, in, {gradients[0].at(r)}, {.accumulate = accumulate});
    runner.run(Step::backward_data, r, in, {gradients[1].at(r), gradients[2].at(r)},
               {.accumulate = accumulate, .chunk = 1});
  }
  expect_near(top.values(), reference(x), 1e-6);
  EXPECT_TRUE(top.padding_is_zero());
  const Values expected = plus(numeric_gradient(reference, x, weights), accumulate ? 0.25 : 0);
  for (std::size_t i = 0; i < kBottoms; ++i) {
    expect_near(gradients[i].values(), part(expected, i), 1e-6);
    EXPECT_TRUE(gradients[i].padding_is_zero());
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EltwiseTest,
    ::testing::Combine(::testing::ValuesIn(for_layouts_under_test<Layouts>(
                           {{1, 1, 1}, {8, 8, 8}, {16, 16, 16}, {8, 1, 16}}, std::identity())),
                       ::testing::Values(Formula{Operation::sum, {}}, Formula{Operation::sum, {1, -0.5f, 2}},
                                         Formula{Operation::product, {}}, Formula{Operation::max, {}}),
                       ::testing::Bool(), ::testing::Bool()));

TEST(Eltwise, GivesTheGradientOfATieToTheFirstBottom) {
  const BlobDesc desc{"x", {1, 1, 1, 2}, {1}};
  const KernelRunner runner({"max", {"a", "b"}, {"y"}, EltwiseParams{Operation::max, {}, false}},
                            {desc, desc});
  const Floats a = {1, 2}, b = {1, 3}, dy = {5, 7};
  Floats da(2), db(2);
  runner.run(Step::backward_data, {0, 1}, {dy.data(), a.data(), b.data()}, {da.data(), db.data()});
  EXPECT_EQ(da, (Floats{5, 0}));
  EXPECT_EQ(db, (Floats{0, 7}));
}

TEST(Eltwise, RefusesWhatDoesNotFit) {
  const std::vector<Shape> same = {kShape, kShape}, other = {kShape, {5, 11, 3, 3}};
  const auto shapes = [](const EltwiseParams& params, const std::vector<Shape>& bottoms) {
    const LayerSpec spec{"eltwise", {"a", "b"}, {"y"}, params};
    return layer_type(spec.params).top_shapes(spec, bottoms);
  };
  EXPECT_THROW(shapes({}, other), runtime::UsageError);
  EXPECT_THROW(shapes({Operation::sum, {1}, false}, same), runtime::UsageError);
  EXPECT_THROW(shapes({Operation::max, {1, 1}, false}, same), runtime::UsageError);
}

TEST(Eltwise, InANetSlabsDoNotMatter) {
  for (const auto operation : {Operation::sum, Operation::product}) {
    // x is wanted by three layers, and one of them names it twice.
    expect_slabs_do_not_matter(
        {{"scale", {"x"}, {"z"}, ScaleParams{.gamma_options = {1, 1, {.value = 0.5f}}}},
         {"eltwise", {"x", "z", "x"}, {"y"}, EltwiseParams{operation, {}, true}}},
        {6, 5, 4, 3});
  }
}

}  // namespace
}  // namespace octrain::layers::testing
