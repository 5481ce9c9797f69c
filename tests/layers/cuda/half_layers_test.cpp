// The CUDA backend's own kernels on 16-bit blobs, each in a net around one layer, against the host's in
// float32. The images are multiples of 1/128, which every type holds: so the first blob is the same to the
// bit, and masks, maxima and what dropout drops are, too.
#include "layers/cuda/cuda_under_test.h"
#include "layers/cuda/device_under_test.h"
#include "layers/cuda/launch_order.h"
#include "layers/cuda/layer_cases.h"
#include "octrain/layers/host/backend.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

struct HalfCase {
  LayerCase layer;
  ElementType element;
};

void PrintTo(const HalfCase& param, std::ostream* out) { *out << param.layer.name; }

std::vector<HalfCase> half_cases() {
  std::vector<HalfCase> cases;
  for (const LayerCase& layer : layer_cases()) {
    for (const ElementType element : {ElementType::float16, ElementType::bfloat16})
      cases.push_back({layer, element});
  }
  return cases;
}

Values coarse_images(const Shape& shape) {
  Values images = random_values(shape.elements(), 21);
  for (double& value : images) value = std::nearbyint(value * 128) / 128;
  return images;
}

/// The first parameters of the net: gamma and beta of the scale that makes x.
constexpr std::size_t kIdentityParameters = 2;

double largest(const Values& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

/// Within `roundings` of numbers as large as the largest.
void expect_within(const Values& actual, const Values& expected, double unit, double roundings,
                   const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  const double tolerance = roundings * unit + 1e-6;
  for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance) << what << i;
}

struct Trained {
  double loss = 0;
  Values y, x_gradient;
  std::vector<std::string> names;
  std::vector<Values> before, after;
  friend bool operator==(const Trained&, const Trained&) = default;
};

Trained train(const LayerCase& layer, std::unique_ptr<Backend> backend, float loss_scale,
              std::uint64_t slab_bytes = kOneSlab) {
  LayerHarness net(between_data_and_loss(layer.layers, layer.images), slab_bytes, std::move(backend));
  net.set_images(coarse_images(layer.images));
  net.set_loss_scale(loss_scale);
  Trained result;
  result.names = net.parameters();
  for (const std::string& name : result.names) result.before.push_back(net.parameter(name));
  result.loss = net.run_iteration();
  for (const std::string& name : result.names) result.after.push_back(net.parameter(name));
  result.y = net.blob("y");
  result.x_gradient = net.gradient("x");
  for (double& value : result.x_gradient) value /= static_cast<double>(loss_scale);
  EXPECT_FALSE(net.take_overflow());
  return result;
}

class HalfLayers : public ::testing::TestWithParam<HalfCase> {
 protected:
  [[nodiscard]] float loss_scale() const { return GetParam().element == ElementType::float16 ? 1024 : 1; }
  [[nodiscard]] Trained half(std::uint64_t slab_bytes = kOneSlab) const {
    return train(GetParam().layer, make_backend_of(GetParam().element), loss_scale(), slab_bytes);
  }
};

TEST_P(HalfLayers, GiveWhatFloat32GivesButForRoundings) {
  const double epsilon = epsilon_of(GetParam().element);
  const Trained expected = train(GetParam().layer, make_host_backend(), 1);
  for (const std::uint64_t slab_bytes : {kOneSlab, std::uint64_t{1}}) {
    const Trained actual = half(slab_bytes);
    // A top: the roundings of its bottoms, of which products have up to five, and its own.
    expect_within(actual.y, expected.y, epsilon * largest(expected.y), 4, "y ");
    // Logits, their gradients and y' are rounded as well; gradients that are added up, each time.
    expect_within(actual.x_gradient, expected.x_gradient, epsilon * largest(expected.x_gradient), 8, "x' ");
    EXPECT_NEAR(actual.loss, expected.loss, 8 * epsilon * std::abs(expected.loss));
    for (std::size_t p = 0; p < expected.after.size(); ++p) {
      Values change = expected.after[p];
      for (std::size_t i = 0; i < change.size(); ++i) change[i] -= expected.before[p][i];
      // The identity's gradients are sums of x', which behind a batch norm come to nothing but their
      // roundings.
      const Shape& shape = GetParam().layer.images;
      const double unit = p < kIdentityParameters ? largest(expected.x_gradient) *
                                                        static_cast<double>(shape.n * shape.h * shape.w)
                                                  : largest(change);
      expect_within(actual.after[p], expected.after[p], epsilon * unit, 8, expected.names[p] + " ");
    }
  }
}

// An index that reads what another writes would give other bits.
TEST_P(HalfLayers, TheOrderOfThreadsDoesNotMatter) {
  if (!can_run_backwards()) GTEST_SKIP() << "nobody can tell a GPU the order of its threads";
  const Trained forwards = half();
  const cuda::BackwardLaunches backward_launches;
  EXPECT_EQ(half(), forwards);
}

INSTANTIATE_TEST_SUITE_P(Layers, HalfLayers, ::testing::ValuesIn(half_cases()), [](const auto& param) {
  return param.param.layer.name + "_" + std::string(name_of(param.param.element));
});

// Three layers, ten iterations: losses stay close to float32's and are the same bits each time.
TEST(HalfNets, TrainAsInFloat32) {
  const LayerCase net{"net",
                      {{"norm", {"x"}, {"a"}, batch_norm(true, true)},
                       {"pool", {"a"}, {"b"}, pooling(PoolingParams::Method::max, 2, 2, 0)},
                       {"drop", {"b"}, {"y"}, DropoutParams{0.2f}}},
                      {6, 4, 6, 6}};
  const auto losses = [&](std::unique_ptr<Backend> backend, float loss_scale) {
    LayerHarness harness(between_data_and_loss(net.layers, net.images), kOneSlab, std::move(backend));
    harness.set_images(coarse_images(net.images));
    harness.set_loss_scale(loss_scale);
    std::vector<double> values;
    for (int i = 0; i < 10; ++i) values.push_back(harness.run_iteration());
    return values;
  };
  const std::vector<double> expected = losses(make_backend_of(ElementType::float32), 1);
  EXPECT_LT(expected.back(), expected.front() / 2) << "it learns";
  for (const ElementType element : {ElementType::float16, ElementType::bfloat16}) {
    const float scale = element == ElementType::float16 ? 4096 : 1;
    const std::vector<double> actual = losses(make_backend_of(element), scale);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 16 * epsilon_of(element) * expected.front())
          << name_of(element) << " iteration " << i;
    }
    EXPECT_EQ(losses(make_backend_of(element), scale), actual);
  }
}

TEST(HalfLayersOfOtherElements, AreRefused) {
  const std::unique_ptr<Backend> backend = make_backend_of(ElementType::float16);
  for (const ElementType element : {ElementType::float32, ElementType::bfloat16}) {
    EXPECT_THROW(
        KernelRunner({"relu", {"x"}, {"y"}, ReluParams{}}, {{"x", {2, 3, 4, 5}, {1, element}}}, *backend),
        runtime::UsageError);
  }
}

}  // namespace
}  // namespace octrain::layers::testing
