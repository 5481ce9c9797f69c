#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

// Channels and layouts of the bottoms: aligned, unaligned, padded at the end, of mixed layouts.
struct Case {
  std::vector<std::int64_t> channels;
  std::vector<int> blocks;
};

class ConcatTest : public ::testing::TestWithParam<Case> {};

TEST_P(ConcatTest, CopiesChannelsBothWays) {
  const Case& test = GetParam();
  std::vector<BlobDesc> descs;
  std::vector<TestBlob> bottoms;
  for (std::size_t i = 0; i < test.channels.size(); ++i) {
    descs.push_back({"x", {5, test.channels[i], 3, 2}, {test.blocks[i]}});
    bottoms.emplace_back(descs[i], random_values(descs[i].shape.elements(), static_cast<unsigned>(i)));
  }
  const KernelRunner runner({"concat", std::vector<std::string>(descs.size(), "x"), {"y"}, ConcatParams{}},
                            descs);
  TestBlob top = runner.top(0, 9);
  for (const ImageRange r : kRanges) {
    std::vector<const void*> in;
    for (TestBlob& bottom : bottoms) in.push_back(bottom.at(r));
    runner.run(Step::forward, r, in, {top.at(r)});
  }
  Values expected;
  for (std::int64_t n = 0; n < 5; ++n) {
    for (const TestBlob& bottom : bottoms) {
      const Values values = bottom.values();
      const std::int64_t image = bottom.desc.shape.image_elements();
      expected.insert(expected.end(), values.begin() + n * image, values.begin() + (n + 1) * image);
    }
  }
  EXPECT_EQ(top.values(), expected);
  EXPECT_TRUE(top.padding_is_zero());

  // The top as its own gradient: every bottom gets back what it gave. The first overwrites, the others are
  // added to.
  std::vector<TestBlob> gradients;
  for (const BlobDesc& desc : descs)
    gradients.emplace_back(desc, Values(static_cast<std::size_t>(desc.shape.elements()), 0.25));
  for (const ImageRange r : kRanges) {
    runner.run(Step::backward_data, r, {top.at(r)}, {gradients[0].at(r)});
    std::vector<void*> rest;
    for (std::size_t i = 1; i < gradients.size(); ++i) rest.push_back(gradients[i].at(r));
    runner.run(Step::backward_data, r, {top.at(r)}, rest, {.accumulate = true, .chunk = 1});
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    expect_near(gradients[i].values(), i == 0 ? bottoms[i].values() : plus(bottoms[i].values(), 0.25), 1e-6);
    EXPECT_TRUE(gradients[i].padding_is_zero());
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConcatTest,
                         ::testing::ValuesIn(for_layouts_under_test<Case>({{{3, 5, 1}, {1, 1, 1}},
                                                                           {{8, 16, 8}, {8, 8, 8}},
                                                                           {{8, 11}, {8, 8}},
                                                                           {{3, 13, 9}, {8, 8, 8}},
                                                                           {{16, 32, 5}, {16, 16, 16}},
                                                                           {{7, 20}, {16, 16}},
                                                                           {{8, 16, 3}, {8, 16, 1}}},
                                                                          &Case::blocks)));

TEST(Concat, RefusesBottomsOfOtherSizes) {
  const LayerSpec spec{"concat", {"a", "b"}, {"y"}, ConcatParams{}};
  const std::vector<Shape> shapes = {{2, 3, 4, 4}, {2, 3, 4, 5}};
  EXPECT_THROW((void)layer_type(spec.params).top_shapes(spec, shapes), runtime::UsageError);
}

TEST(Concat, InANetSlabsDoNotMatter) {
  // x is wanted by three layers, and one of them names it twice.
  expect_slabs_do_not_matter(
      {{"scale", {"x"}, {"z"}, ScaleParams{}}, {"concat", {"x", "z", "x"}, {"y"}, ConcatParams{}}},
      {6, 5, 4, 3});
}

}  // namespace
}  // namespace octrain::layers::testing
