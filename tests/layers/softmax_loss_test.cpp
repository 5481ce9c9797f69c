#include "layers/kernel_runner.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kBatch = 5, kClasses = 11;
const std::vector<float> kLabels = {3, 0, -1, 10, 7};  // the third image is padding

// Logits -> the loss.
Values reference(const Values& z) {
  double loss = 0;
  for (std::size_t n = 0; n < 5; ++n) {
    if (kLabels[n] < 0) continue;
    double sum = 0;
    for (std::size_t c = 0; c < 11; ++c) sum += std::exp(z[n * 11 + c]);
    loss += (std::log(sum) - z[n * 11 + static_cast<std::size_t>(kLabels[n])]) / static_cast<double>(kBatch);
  }
  return {loss};
}

class SoftmaxLossTest : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  static KernelRunner make_runner(const BlobDesc& logits) {
    return {{"loss", {"z", "label"}, {"loss"}, SoftmaxLossParams{0.3f}},
            {logits, {"label", {kBatch, 1, 1, 1}, {1}}}};
  }
};

TEST_P(SoftmaxLossTest, AgreesWithDoublesAndCentralDifferences) {
  const auto [block, accumulate] = GetParam();
  const Values z = random_values(kBatch * kClasses, 1, -4, 4);
  TestBlob logits({"z", {kBatch, kClasses, 1, 1}, {block}}, z), gradient(logits.desc, Values(z.size(), 0.25));
  const KernelRunner runner = make_runner(logits.desc);
  const Floats labels(kLabels.begin(), kLabels.end());
  double loss = 1;
  for (const ImageRange r : kRanges) {
    const std::vector<const void*> in = {logits.at(r), labels.data() + r.first};
    runner.run(Step::forward, r, in, {}, {.scalar = &loss});
    runner.run(Step::forward, r, in, {});  // nobody asks
    runner.run(Step::backward_data, r, in, {gradient.at(r)},
               {.accumulate = accumulate, .gradient_scale = 0.5f});
  }
  EXPECT_NEAR(loss, 1 + reference(z)[0], 1e-6);
  const Values expected = numeric_gradient(reference, z, {0.3 * 0.5});
  expect_near(gradient.values(), plus(expected, accumulate ? 0.25 : 0), 1e-6);
  EXPECT_TRUE(gradient.padding_is_zero());
}

INSTANTIATE_TEST_SUITE_P(All, SoftmaxLossTest,
                         ::testing::Combine(::testing::ValuesIn(layouts_under_test()), ::testing::Bool()));

TEST_F(SoftmaxLossTest, IsFiniteForLargeLogits) {
  TestBlob logits({"z", {kBatch, kClasses, 1, 1}, {1}}, random_values(kBatch * kClasses, 1, -1e6, 1e6));
  const Floats labels(kLabels.begin(), kLabels.end());
  double loss = 0;
  make_runner(logits.desc)
      .run(Step::forward, {0, 5}, {logits.data.data(), labels.data()}, {}, {.scalar = &loss});
  EXPECT_TRUE(std::isfinite(loss));
}

TEST_F(SoftmaxLossTest, RefusesALabelTheNetHasNoClassFor) {
  TestBlob logits({"z", {kBatch, kClasses, 1, 1}, {1}});
  const Floats labels = {0, 1, 11, 0, 0};
  double loss = 0;
  const auto run = [&] {
    make_runner(logits.desc)
        .run(Step::forward, {0, 5}, {logits.data.data(), labels.data()}, {}, {.scalar = &loss});
  };
  EXPECT_THROW(run(), runtime::BadInput);
}

TEST_F(SoftmaxLossTest, RefusesLogitsWithPixels) {
  EXPECT_THROW(make_runner({"z", {kBatch, kClasses, 2, 1}, {1}}), runtime::UsageError);
}

}  // namespace
}  // namespace octrain::layers::testing
