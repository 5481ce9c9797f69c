// The CUDA backend's own kernels against the host's, each in a net around one layer.
#include "layers/cuda/device_under_test.h"
#include "layers/cuda/launch_order.h"
#include "layers/cuda/layer_cases.h"
#include "octrain/layers/host/backend.h"

namespace octrain::layers::testing {
namespace {

class HostAgreement : public ::testing::TestWithParam<LayerCase> {
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
  if (!can_run_backwards()) GTEST_SKIP() << "nobody can tell a GPU the order of its threads";
  const Outcome forwards = run_once(net(), kOneSlab);
  const cuda::BackwardLaunches backward_launches;
  EXPECT_EQ(run_once(net(), kOneSlab), forwards);
}

INSTANTIATE_TEST_SUITE_P(Layers, HostAgreement, ::testing::ValuesIn(layer_cases()),
                         [](const auto& param) { return param.param.name; });

TEST(KernelOperands, LayersOfManyBottomsRefuseMoreGradientsThanTheyHave) {
  constexpr Shape kShape{2, 3, 4, 5};
  const std::vector<BlobDesc> bottoms = {{"a", kShape, {}}, {"b", kShape, {}}};
  for (const LayerParams& params :
       {LayerParams(ConcatParams{}), LayerParams(eltwise(EltwiseParams::Operation::sum, false))}) {
    const KernelRunner runner({"layer", {"a", "b"}, {"y"}, params}, bottoms);
    TestBlob top_gradient = runner.top(), first(bottoms[0]), second(bottoms[1]), third(bottoms[1]);
    const std::vector<const void*> in = {top_gradient.data.data()};
    std::vector<void*> out = {first.data.data(), second.data.data()};
    EXPECT_NO_THROW(runner.run(Step::backward_data, {0, 2}, in, out));
    EXPECT_THROW(runner.run(Step::backward_data, {0, 2}, in, out, {.chunk = 1}), std::logic_error);
    out.push_back(third.data.data());
    EXPECT_THROW(runner.run(Step::backward_data, {0, 2}, in, out), std::logic_error);
  }
}

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
