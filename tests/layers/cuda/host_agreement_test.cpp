// The CUDA backend's own kernels against the host's, each in a net around one layer.
#include <ostream>

#include "layers/cuda/launch_order.h"
#include "layers/layer_harness.h"
#include "octrain/layers/host/backend.h"

namespace octrain::layers::testing {
namespace {

struct Case {
  std::string name;
  std::vector<LayerSpec> layers;
  Shape images{5, 3, 7, 9};
};

void PrintTo(const Case& param, std::ostream* out) { *out << param.name; }

EltwiseParams eltwise(EltwiseParams::Operation operation, bool relu, std::vector<float> coefficients = {}) {
  return {operation, std::move(coefficients), relu};
}

ScaleParams scale(bool bias, bool relu) {
  ScaleParams params;
  params.gamma_options.filler = {.value = -0.7f};
  params.bias = bias;
  params.relu = relu;
  return params;
}

BatchNormParams batch_norm(bool affine, bool relu) {
  BatchNormParams params;
  params.affine = affine;
  params.relu = relu;
  return params;
}

PoolingParams pooling(PoolingParams::Method method, int kernel, int stride, int pad) {
  PoolingParams params;
  params.method = method;
  params.kernel_h = params.kernel_w = kernel;
  params.stride_h = params.stride_w = stride;
  params.pad_h = params.pad_w = pad;
  return params;
}

LrnParams lrn(LrnParams::Region region, int size, float beta) {
  return {.region = region, .local_size = size, .alpha = 1.5f, .beta = beta, .k = 2};
}

LayerSpec on_x(const LayerParams& params) { return {"layer", {"x"}, {"y"}, params}; }
/// Of x and another blob, in turn.
std::vector<LayerSpec> on_blobs(std::size_t count, const LayerParams& params) {
  LayerSpec layer{"layer", {}, {"y"}, params};
  for (std::size_t i = 0; i < count; ++i) layer.bottoms.emplace_back(i % 2 == 0 ? "x" : "z");
  return {{"other", {"x"}, {"z"}, scale(true, false)}, layer};
}

std::vector<Case> cases() {
  using Method = PoolingParams::Method;
  using Operation = EltwiseParams::Operation;
  using Region = LrnParams::Region;
  return {
      {"relu", {on_x(ReluParams{})}},
      {"dropout", {on_x(DropoutParams{0.3f})}},
      {"sum", on_blobs(3, eltwise(Operation::sum, false, {1, -0.5f, 2}))},
      {"sum_of_two", on_blobs(2, eltwise(Operation::sum, true))},
      {"sum_of_five", on_blobs(5, eltwise(Operation::sum, true, {1, 2, 3, 4, -5}))},
      {"product", on_blobs(3, eltwise(Operation::product, true))},
      {"product_of_four", on_blobs(4, eltwise(Operation::product, false))},
      {"product_of_five", on_blobs(5, eltwise(Operation::product, false))},
      {"maximum", on_blobs(3, eltwise(Operation::max, false))},
      {"maximum_of_five", on_blobs(5, eltwise(Operation::max, true))},
      {"concat", on_blobs(3, ConcatParams{})},
      {"scale", {on_x(scale(true, false))}},
      {"scale_relu", {on_x(scale(false, true))}},
      {"scale_in_parts", {on_x(scale(true, true))}, {5, 3, 51, 43}},  // two blocks a channel
      {"batch_norm", {on_x(batch_norm(true, false))}},
      {"batch_norm_relu", {on_x(batch_norm(false, true))}},
      {"batch_norm_in_parts", {on_x(batch_norm(true, true))}, {5, 3, 51, 43}},
      {"batch_norm_many_channels", {on_x(batch_norm(true, true))}, {5, 1031, 1, 1}},
      {"maximum_pooling", {on_x(pooling(Method::max, 3, 2, 1))}},
      {"average_pooling", {on_x(pooling(Method::average, 3, 2, 1))}},
      {"large_windows", {on_x(pooling(Method::max, 17, 1, 0))}, {3, 2, 19, 18}},
      {"lrn_across", {on_x(lrn(Region::across_channels, 5, 0.75f))}, {5, 11, 7, 9}},
      {"lrn_within", {on_x(lrn(Region::within_channel, 3, 0.6f))}},
      {"lrn_in_groups", {on_x(lrn(Region::across_channels, 5, 0.75f))}, {5, 64, 104, 81}},  // of three images
  };
}

class HostAgreement : public ::testing::TestWithParam<Case> {
 protected:
  NetSpec net() const { return between_data_and_loss(GetParam().layers, GetParam().images); }
};

TEST_P(HostAgreement, GivesWhatTheHostGives) {
  expect_near(run_once(net(), kOneSlab), run_once(net(), kOneSlab, make_host_backend()));
}

TEST_P(HostAgreement, GivesWhatTheHostGivesSlabBySlab) {
  expect_near(run_once(net(), 1), run_once(net(), 1, make_host_backend()));
}

// An index that reads what another writes would give other bits.
TEST_P(HostAgreement, TheOrderOfThreadsDoesNotMatter) {
  const Outcome forwards = run_once(net(), kOneSlab);
  cuda::launches_run_backwards = true;
  const Outcome backwards = run_once(net(), kOneSlab);
  cuda::launches_run_backwards = false;
  EXPECT_EQ(backwards, forwards);
}

INSTANTIATE_TEST_SUITE_P(Layers, HostAgreement, ::testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

TEST(HostAgreementOfMasks, DropoutDropsTheSameToTheBit) {
  const NetSpec net = between_data_and_loss({on_x(DropoutParams{0.4f})}, {5, 3, 7, 9});
  for (const std::uint64_t slab_bytes : {kOneSlab, std::uint64_t{1}}) {
    LayerHarness host(net, slab_bytes, make_host_backend()), cuda(net, slab_bytes);
    for (int iteration = 0; iteration < 3; ++iteration) {
      host.run_iteration();
      cuda.run_iteration();
      const auto mask = [](const LayerHarness& harness) {
        Values kept = harness.blob("y");
        for (double& value : kept) value = value != 0 ? 1 : 0;
        return kept;
      };
      EXPECT_EQ(mask(cuda), mask(host)) << "iteration " << iteration;
      if (iteration > 0) continue;  // from here on x differs in its last bits
      EXPECT_EQ(cuda.blob("y"), host.blob("y"));
    }
  }
}

}  // namespace
}  // namespace octrain::layers::testing
