// What becomes of single numbers in 16 bits: conversions, to the bit; images, logits, biases.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "functors/element.h"
#include "layers/cuda/cuda_under_test.h"
#include "layers/cuda/device_under_test.h"
#include "layers/stand_ins.h"
#include "mixed.h"

namespace octrain::layers::testing {
namespace {

template <class T>
std::uint16_t bits_of(T element) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, &element, sizeof bits);
  return bits;
}
template <class T>
T from_bits(std::uint16_t bits) {
  T element{};
  std::memcpy(static_cast<void*>(&element), &bits, sizeof bits);
  return element;
}

template <class T>
void expect_rounded_to_nearest_even(ElementType element) {
  const auto check = [&](float value) {
    T to{};
    cuda::put(to, value);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(to)));
    } else {
      EXPECT_EQ(bits_of(to), encode(static_cast<double>(value), element)) << value;
    }
  };
  std::mt19937 generator(5);
  for (int i = 0; i < 200000; ++i) check(std::bit_cast<float>(static_cast<std::uint32_t>(generator())));
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = decode(static_cast<std::uint16_t>(bits), element);
    const float from = from_bits<T>(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(from));
      continue;
    }
    EXPECT_EQ(static_cast<double>(from), value) << bits;
    EXPECT_EQ(encode(value, element), bits);
    check(from);
    const double next = decode(static_cast<std::uint16_t>(bits + 1), element);
    if (std::isfinite(value) && std::isfinite(next)) {
      const auto middle = static_cast<float>((value + next) / 2);  // a tie
      check(middle);
      check(std::nextafter(middle, 2 * std::abs(middle) + 1));
      check(std::nextafter(middle, -2 * std::abs(middle) - 1));
    }
  }
}

TEST(HalfElements, AreRoundedToNearestEven) {
  expect_rounded_to_nearest_even<__half>(ElementType::float16);
  expect_rounded_to_nearest_even<__nv_bfloat16>(ElementType::bfloat16);
  EXPECT_EQ(encode(65519.99, ElementType::float16), 0x7bff);
  EXPECT_EQ(encode(65520, ElementType::float16), 0x7c00) << "infinite";
  EXPECT_EQ(encode(1 + 0x1p-8, ElementType::bfloat16), 0x3f80) << "a tie";
}

class HalfBlobs : public ::testing::TestWithParam<ElementType> {};

Values rounded(Values values, ElementType element) {
  for (double& value : values) value = round_to(value, element);
  return values;
}

// Images of 2.5 million elements pass through the workspace one by one.
TEST_P(HalfBlobs, ImagesAreRoundedOnTheDevice) {
  const Shape shape{3, 5, 500, 1000};
  NoiseSource source(shape);
  const std::unique_ptr<Backend> backend = make_backend_of(GetParam());
  const KernelRunner runner({"data", {}, {"data", "label"}, DataParams{shape.n, shape.c, shape.h, shape.w}},
                            {}, *backend, 7, &source);
  EXPECT_EQ(runner.kernel->top_layouts(), (std::vector<Layout>{{1, GetParam()}, {1, ElementType::float32}}));
  EXPECT_EQ(runner.kernel->workspace_bytes(Step::forward, 3, false), 2500000U * sizeof(float));
  TestBlob images = runner.top(0, 9);
  Floats labels(3), expected(static_cast<std::size_t>(shape.elements()));
  runner.run(Step::forward, {0, 3}, {}, {images.data.data(), labels.data()});
  source.fill_images(0, 3, expected.data());
  EXPECT_EQ(images.values(), rounded(to_values(expected), GetParam()));
  EXPECT_EQ(labels, (Floats{0, 3, 6}));
}

TEST_P(HalfBlobs, LossAccuracyAndGradientOfLogits) {
  constexpr std::int64_t kImages = 9, kManyClasses = 301;
  const Values z = rounded(random_values(kImages * kManyClasses, 3, -4, 4), GetParam());
  const BlobDesc desc{"z", {kImages, kManyClasses, 1, 1}, {1, GetParam()}},
      label_desc{"label", {kImages, 1, 1, 1}, {}};
  TestBlob logits(desc, z), gradient(desc, 9.0f);
  Floats labels;
  for (int n = 0; n < kImages; ++n) labels.push_back(static_cast<float>(n * 37 % kManyClasses));
  const std::unique_ptr<Backend> backend = make_backend_of(GetParam());
  const KernelRunner loss({"loss", {"z", "label"}, {"loss"}, SoftmaxLossParams{}}, {desc, label_desc},
                          *backend),
      accuracy({"accuracy", {"z", "label"}, {"accuracy"}, AccuracyParams{100}}, {desc, label_desc}, *backend);
  double loss_sum = 0, right = 0, expected_loss = 0, expected_right = 0;
  const std::vector<const void*> in = {logits.data.data(), labels.data()};
  loss.run(Step::forward, {0, kImages}, in, {}, {.scalar = &loss_sum});
  loss.run(Step::backward_data, {0, kImages}, in, {gradient.data.data()}, {.gradient_scale = 512});
  accuracy.run(Step::forward, {0, kImages}, in, {}, {.scalar = &right});
  Values expected;
  for (std::int64_t n = 0; n < kImages; ++n) {
    const auto at = [&](std::int64_t c) { return z[static_cast<std::size_t>(n * kManyClasses + c)]; };
    const auto label = static_cast<std::int64_t>(labels[static_cast<std::size_t>(n)]);
    double sum = 0;
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < kManyClasses; ++c) {
      sum += std::exp(at(c));
      before += at(c) > at(label) || (c < label && at(c) == at(label));
    }
    expected_loss += (std::log(sum) - at(label)) / kImages;
    expected_right += before < 100;
    for (std::int64_t c = 0; c < kManyClasses; ++c)
      expected.push_back(512 * (std::exp(at(c)) / sum - (c == label ? 1 : 0)) / kImages);
  }
  EXPECT_NEAR(loss_sum, expected_loss, 1e-5) << "nothing but the logits is in 16 bits";
  EXPECT_EQ(right, expected_right);
  const Values actual = gradient.values();
  for (std::size_t i = 0; i < actual.size();
       ++i)  // one rounding; below float16's normal numbers an absolute one
    ASSERT_NEAR(actual[i], expected[i], 0.51 * epsilon_of(GetParam()) * std::abs(expected[i]) + 1e-7) << i;
}

TEST_P(HalfBlobs, BiasesOfConvolutionsAndInnerProducts) {
  const Shape shape{5, 7, 3, 4};
  const cuda::ChannelShape channels{shape.n, shape.c, shape.h * shape.w};
  const Values x = rounded(random_values(shape.elements(), 1), GetParam()), bias = random_values(shape.c, 2);
  Values expected_top, sums(static_cast<std::size_t>(shape.c), 0.25);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t channel = i / 12 % 7;
    const float sum = static_cast<float>(x[i]) + static_cast<float>(bias[channel]);  // as kernels add
    expected_top.push_back(std::max(0.0, round_to(static_cast<double>(sum), GetParam())));
    sums[channel] += x[i];
  }
  TestBlob top({"y", shape, {1, GetParam()}}, x);
  const TestBlob gradient(top.desc, x);
  const Floats floats = to_floats(bias);
  Floats bias_gradient(static_cast<std::size_t>(shape.c), 0.25f);
  Bytes workspace(cuda::bias_gradient_bytes(channels));
  cuda::add_bias(floats.data(), true, {GetParam(), top.data.data()}, channels, stream_under_test());
  cuda::sum_bias_gradient(gradient.data.data(), GetParam(), channels, bias_gradient.data(), true,
                          workspace.data(), stream_under_test());
  wait_for_backend_under_test();
  EXPECT_EQ(top.values(), expected_top);
  expect_near(to_values(bias_gradient), sums, 1e-6);
}

TEST_P(HalfBlobs, NarrowWidenAndMask) {
  const Values values = random_values(1000, 4, -3, 3), masks = random_values(1000, 5);
  const BlobDesc desc{"x", {1, 1000, 1, 1}, {1, GetParam()}};
  TestBlob half(desc), top(desc, masks);
  const Floats floats = to_floats(values);
  Floats added(1000, 8.0f), written(1000, 9.0f);
  cuda::narrow(floats.data(), {GetParam(), half.data.data()}, 1000, stream_under_test());
  cuda::widen(half.data.data(), GetParam(), added.data(), true, 1000, stream_under_test());
  cuda::widen(half.data.data(), GetParam(), written.data(), false, 1000, stream_under_test());
  wait_for_backend_under_test();
  const Values narrow = rounded(values, GetParam());
  EXPECT_EQ(half.values(), narrow);
  EXPECT_EQ(to_values(written), narrow);
  expect_near(to_values(added), plus(narrow, 8), 1e-6);
  cuda::mask_gradient(top.data.data(), {GetParam(), half.data.data()}, 1000, stream_under_test());
  wait_for_backend_under_test();
  const Values masked = half.values();
  for (std::size_t i = 0; i < masked.size(); ++i) EXPECT_EQ(masked[i], masks[i] > 0 ? narrow[i] : 0);
}

// Float32 is the libraries'.
TEST(HalfBlobsOfFloat32, AreRefused) {
  constexpr ElementType kFloat32 = ElementType::float32;
  const cuda::ChannelShape channels{1, 2, 2};
  Floats from(4, 1.0f), to(4, 9.0f);
  Bytes workspace(cuda::bias_gradient_bytes(channels));
  cudaStream_t stream = stream_under_test();
  EXPECT_THROW(cuda::narrow(from.data(), {kFloat32, to.data()}, 4, stream), std::logic_error);
  EXPECT_THROW(cuda::widen(from.data(), kFloat32, to.data(), false, 4, stream), std::logic_error);
  EXPECT_THROW(cuda::add_bias(from.data(), false, {kFloat32, to.data()}, channels, stream), std::logic_error);
  EXPECT_THROW(
      cuda::sum_bias_gradient(from.data(), kFloat32, channels, to.data(), false, workspace.data(), stream),
      std::logic_error);
  wait_for_backend_under_test();
  EXPECT_EQ(to, Floats(4, 9.0f)) << "nothing was begun";
}

INSTANTIATE_TEST_SUITE_P(Elements, HalfBlobs, ::testing::Values(ElementType::float16, ElementType::bfloat16),
                         [](const auto& param) { return std::string(name_of(param.param)); });

}  // namespace
}  // namespace octrain::layers::testing
