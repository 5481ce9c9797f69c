#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kShape{5, 11, 3, 5};

KernelRunner make_runner(int block, float ratio, std::uint64_t key = 7) {
  return {{"dropout", {"x"}, {"y"}, DropoutParams{ratio}}, {{"x", kShape, {block}}}, key};
}

Values forward(const KernelRunner& runner, TestBlob& bottom, const std::vector<ImageRange>& ranges,
               std::uint64_t iteration = 0) {
  TestBlob top = runner.top(0, 9);
  for (const ImageRange r : ranges)
    runner.run(Step::forward, r, {bottom.at(r)}, {top.at(r)}, {.iteration = iteration});
  EXPECT_TRUE(top.padding_is_zero());
  return top.values();
}

TEST(Dropout, MaskIsAFunctionOfSeedIterationAndElementAlone) {
  const Values x = random_values(kShape.elements(), 1);
  TestBlob plain({"x", kShape, {1}}, x);
  const Values expected = forward(make_runner(1, 0.4f), plain, {{0, 5}});
  for (const int block : layouts_under_test()) {
    TestBlob bottom({"x", kShape, {block}}, x);
    EXPECT_EQ(forward(make_runner(block, 0.4f), bottom, kRanges), expected);
  }
  EXPECT_NE(forward(make_runner(1, 0.4f), plain, kRanges, 1), expected);
  EXPECT_NE(forward(make_runner(1, 0.4f, 8), plain, kRanges), expected);
}

TEST(Dropout, DropsTheRatioAndScalesTheRest) {
  constexpr Shape kLarge{8, 64, 16, 16};
  TestBlob bottom({"x", kLarge, {layouts_under_test().back()}},
                  Values(static_cast<std::size_t>(kLarge.elements()), 1.0));
  const KernelRunner runner({"dropout", {"x"}, {"y"}, DropoutParams{0.3f}}, {bottom.desc});
  TestBlob top = runner.top();
  runner.run(Step::forward, {0, 8}, {bottom.data.data()}, {top.data.data()});
  double kept = 0;
  for (const double value : top.values()) {
    if (value == 0) continue;
    ASSERT_FLOAT_EQ(static_cast<float>(value), 1 / (1 - 0.3f));
    ++kept;
  }
  EXPECT_NEAR(kept / static_cast<double>(kLarge.elements()), 0.7, 0.005);  // four standard deviations
}

TEST(Dropout, BackwardMakesTheMaskAgain) {
  const Values weights = random_values(kShape.elements(), 4);
  for (const int block : layouts_under_test()) {
    const KernelRunner runner = make_runner(block, 0.5f);
    TestBlob ones({"x", kShape, {block}}, Values(weights.size(), 1.0)), dy(ones.desc, weights);
    const Values mask = forward(runner, ones, kRanges, 3);
    TestBlob fresh(ones.desc, 9), added(ones.desc, Values(weights.size(), 0.25)), in_place = dy;
    for (const ImageRange r : kRanges) {
      runner.run(Step::backward_data, r, {dy.at(r)}, {fresh.at(r)}, {.iteration = 3});
      runner.run(Step::backward_data, r, {dy.at(r)}, {added.at(r)}, {.accumulate = true, .iteration = 3});
      runner.run(Step::backward_data, r, {in_place.at(r)}, {in_place.at(r)}, {.iteration = 3});
    }
    Values expected = weights;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] *= mask[i];
    expect_near(fresh.values(), expected, 0);
    expect_near(in_place.values(), expected, 0);
    expect_near(added.values(), plus(expected, 0.25), 1e-6);
  }
}

TEST(Dropout, CopiesInTesting) {
  const Values x = random_values(kShape.elements(), 1);
  const int block = layouts_under_test().back();
  TestBlob bottom({"x", kShape, {block}}, x), top(bottom.desc);
  make_runner(block, 0.5f)
      .run(Step::forward, {0, 5}, {bottom.data.data()}, {top.data.data()}, {.training = false});
  EXPECT_EQ(top.data, bottom.data);
}

TEST(Dropout, RefusesARatioOfOne) { EXPECT_THROW(make_runner(1, 1), runtime::UsageError); }

TEST(Dropout, InANetSlabsDoNotMatter) {
  expect_slabs_do_not_matter({{"dropout", {"x"}, {"y"}, DropoutParams{}}}, {6, 5, 4, 3});
  expect_slabs_do_not_matter(
      {{"scale", {"x"}, {"y"}, ScaleParams{}}, {"dropout", {"y"}, {"y"}, DropoutParams{}}}, {6, 5, 4, 3});
}

}  // namespace
}  // namespace octrain::layers::testing
