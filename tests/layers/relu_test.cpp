#include "layers/kernel_runner.h"
#include "layers/layer_harness.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kShape{5, 11, 3, 5};

class ReluTest : public ::testing::TestWithParam<int> {};

TEST_P(ReluTest, AgreesWithSlowLoops) {
  const Values x = random_values(kShape.elements(), 1), dy = random_values(kShape.elements(), 2);
  Values y(x.size()), dx(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = std::max(0.0, x[i]);
    dx[i] = x[i] > 0 ? dy[i] : 0;
  }
  TestBlob bottom({"x", kShape, {GetParam()}}, x);
  const KernelRunner runner({"relu", {"x"}, {"y"}, ReluParams{}}, {bottom.desc});
  TestBlob top = runner.top(0, 9), top_gradient(top.desc, dy), written(top.desc, 9.0f),
           added(top.desc, Values(x.size(), 0.25));
  for (const ImageRange r : kRanges) {
    runner.run(Step::forward, r, {bottom.at(r)}, {top.at(r)});
    runner.run(Step::backward_data, r, {top.at(r), top_gradient.at(r)}, {written.at(r)});
    runner.run(Step::backward_data, r, {top.at(r), top_gradient.at(r)}, {added.at(r)}, {.accumulate = true});
    runner.run(Step::forward, r, {bottom.at(r)}, {bottom.at(r)});
    runner.run(Step::backward_data, r, {bottom.at(r), top_gradient.at(r)}, {top_gradient.at(r)});
  }
  expect_near(top.values(), y, 0);
  expect_near(written.values(), dx, 0);
  expect_near(added.values(), plus(dx, 0.25), 1e-6);
  EXPECT_EQ(bottom.data, top.data) << "in place";
  EXPECT_EQ(top_gradient.data, written.data) << "in place";
  EXPECT_TRUE(top.padding_is_zero() && written.padding_is_zero() && added.padding_is_zero());
}

INSTANTIATE_TEST_SUITE_P(Layouts, ReluTest, ::testing::ValuesIn(layouts_under_test()));

TEST(Relu, InANetSlabsDoNotMatter) {
  expect_slabs_do_not_matter({{"relu", {"x"}, {"y"}, ReluParams{}}}, {6, 8, 10, 9});
}

TEST(Relu, InPlaceOrFoldedMakesNoDifference) {
  InnerProductParams product;
  product.outputs = 12;
  product.weight_options.filler = {.kind = Filler::Kind::xavier};
  const Shape images{6, 3, 4, 4};
  const auto run = [&](const std::string& product_top) {
    LayerHarness net(
        between_data_and_loss(
            {{"ip", {"x"}, {product_top}, product}, {"relu", {product_top}, {"y"}, ReluParams{}}}, images),
        kOneSlab);
    net.set_parameter("logits.weight",
                      random_values(7 * 12, 5));  // its filler depends on the place in the net
    const double loss = net.run_iteration();
    return std::tuple(loss, net.parameter("ip.weight"), net.gradient("x"));
  };
  EXPECT_EQ(run("y"), run("z"));
}

}  // namespace
}  // namespace octrain::layers::testing
