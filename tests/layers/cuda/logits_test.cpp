// More classes and more images than a block has lanes, and calls that the kernels refuse.
#include <stdexcept>

#include "layers/kernel_runner.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kImages = 301, kManyClasses = 1003;

struct Batch {
  Batch()
      : logits({"z", {kImages, kManyClasses, 1, 1}, {1}}, random_values(kImages * kManyClasses, 1, -6, 6)) {
    for (std::int64_t n = 0; n < kImages; ++n)
      labels.push_back(n % 10 == 9 ? -1.0f : static_cast<float>(n * 37 % kManyClasses));
  }
  [[nodiscard]] double at(std::int64_t n, std::int64_t c) const {
    return static_cast<double>(logits.data[static_cast<std::size_t>(n * kManyClasses + c)]);
  }
  [[nodiscard]] std::int64_t label(std::int64_t n) const {
    return static_cast<std::int64_t>(labels[static_cast<std::size_t>(n)]);
  }
  [[nodiscard]] KernelRunner runner(const LayerParams& params) const {
    return {{"layer", {"z", "label"}, {"scalar"}, params}, {logits.desc, {"label", {kImages, 1, 1, 1}, {1}}}};
  }
  TestBlob logits;
  Floats labels;
};

TEST(CudaLogits, LossAndGradientOfManyClasses) {
  Batch batch;
  const KernelRunner runner = batch.runner(SoftmaxLossParams{0.5f});
  TestBlob gradient(batch.logits.desc, 9.0f);
  double loss = 0, expected = 0;
  const std::vector<const void*> in = {batch.logits.data.data(), batch.labels.data()};
  runner.run(Step::forward, {0, kImages}, in, {}, {.scalar = &loss});
  runner.run(Step::backward_data, {0, kImages}, in, {gradient.data.data()});
  Values expected_gradient;
  for (std::int64_t n = 0; n < kImages; ++n) {
    const std::int64_t label = batch.label(n);
    double sum = 0;
    for (std::int64_t c = 0; c < kManyClasses; ++c) sum += std::exp(batch.at(n, c));
    if (label >= 0) expected += (std::log(sum) - batch.at(n, label)) / static_cast<double>(kImages);
    for (std::int64_t c = 0; c < kManyClasses; ++c) {
      const double value = std::exp(batch.at(n, c)) / sum - (c == label ? 1 : 0);
      expected_gradient.push_back(label >= 0 ? 0.5 * value / static_cast<double>(kImages) : 0);
    }
  }
  EXPECT_NEAR(loss, expected, 1e-5);
  expect_near(gradient.values(), expected_gradient, 1e-8);
}

TEST(CudaLogits, AccuracyOfManyClasses) {
  Batch batch;
  double right = 0, expected = 0;
  constexpr std::int64_t kTop = 400;
  batch.runner(AccuracyParams{kTop})
      .run(Step::forward, {0, kImages}, {batch.logits.data.data(), batch.labels.data()}, {},
           {.scalar = &right});
  for (std::int64_t n = 0; n < kImages; ++n) {
    if (batch.label(n) < 0) continue;
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < kManyClasses; ++c) before += batch.at(n, c) > batch.at(n, batch.label(n));
    expected += before < kTop ? 1 : 0;
  }
  EXPECT_GT(expected, 50);
  EXPECT_LT(expected, 200);
  EXPECT_EQ(right, expected);
}

TEST(CudaLogits, NamesTheFirstImageWhoseLabelIsNoClass) {
  for (const LayerParams& params : {LayerParams(SoftmaxLossParams{}), LayerParams(AccuracyParams{})}) {
    Batch batch;
    batch.labels[270] = 1003;
    batch.labels[290] = 2000;
    double scalar = 0;
    try {
      batch.runner(params).run(Step::forward, {0, kImages}, {batch.logits.data.data(), batch.labels.data()},
                               {}, {.scalar = &scalar});
      ADD_FAILURE() << "took a label that is no class";
    } catch (const runtime::BadInput& error) {
      EXPECT_STREQ(error.what(), "image 270 of the batch has label 1003, but the net has 1003 classes");
    }
  }
}

// The forward pass has refused it; the backward pass must not write past its operands.
TEST(CudaLogits, ALabelThatIsNoClassHasNoGradient) {
  Batch batch;
  batch.labels[3] = 5e9f;
  TestBlob gradient(batch.logits.desc, 9.0f);
  batch.runner(SoftmaxLossParams{})
      .run(Step::backward_data, {0, kImages}, {batch.logits.data.data(), batch.labels.data()},
           {gradient.data.data()});
  for (std::int64_t c = 0; c < kManyClasses; ++c)
    EXPECT_EQ(gradient.data[static_cast<std::size_t>(3 * kManyClasses + c)], 0);
}

TEST(CudaLogits, NotANumberIsSeenInTheLoss) {
  Batch batch;
  batch.logits.data[5 * kManyClasses + 700] = std::nanf("");
  double loss = 0;
  batch.runner(SoftmaxLossParams{})
      .run(Step::forward, {0, kImages}, {batch.logits.data.data(), batch.labels.data()}, {},
           {.scalar = &loss});
  EXPECT_TRUE(std::isnan(loss));
}

TEST(CudaKernels, RefuseAnotherNumberOfOperands) {
  const KernelRunner runner({"relu", {"x"}, {"y"}, ReluParams{}}, {{"x", {2, 3, 4, 5}, {1}}});
  Floats x(120);
  EXPECT_THROW(runner.run(Step::forward, {0, 2}, {x.data(), x.data()}, {x.data()}), std::logic_error);
  EXPECT_THROW(runner.run(Step::backward_data, {0, 2}, {x.data()}, {x.data()}), std::logic_error);
}

TEST(CudaKernels, RefuseBlockedLayouts) {
  EXPECT_THROW(KernelRunner({"relu", {"x"}, {"y"}, ReluParams{}}, {{"x", {2, 3, 4, 5}, {8}}}),
               runtime::UsageError);
}

TEST(CudaKernels, EltwiseTakesSixtyFourBottomsAndNoMore) {
  const BlobDesc desc{"x", {2, 3, 4, 5}, {1}};
  const auto runner = [&](std::size_t bottoms) {
    return KernelRunner({"sum", std::vector<std::string>(bottoms, "x"), {"y"}, EltwiseParams{}},
                        std::vector<BlobDesc>(bottoms, desc));
  };
  TestBlob ones(desc, 1.0f), sum(desc, 9.0f);
  runner(64).run(Step::forward, {0, 2}, std::vector<const void*>(64, ones.data.data()), {sum.data.data()});
  EXPECT_EQ(sum.values(), Values(120, 64.0));
  EXPECT_THROW(runner(65), runtime::UsageError);
}

}  // namespace
}  // namespace octrain::layers::testing
