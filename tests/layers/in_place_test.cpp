// Ops that offer to write an output on the bytes of an input give the same bits there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layers/layer_harness.h"

namespace octrain::layers::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

constexpr std::uint64_t kOwnTensor = 1u << 20;  // smaller values share tensors
constexpr Shape kLarge{8, 16, 64, 64};          // 2 MiB: slabs of kOwnTensor are half of it
constexpr Shape kSmall{4, 16, 8, 8};

struct Case {
  std::string name;
  LayerParams params;
  std::size_t bottoms = 1;
  std::vector<std::string> train, test;  ///< what the layer offers, "op: read -> written"
};

void PrintTo(const Case& param, std::ostream* out) { *out << param.name; }

const std::vector<std::string> kForward = {"layer: a[0] -> y[0]"};
/// From top' and from the bottom.
const std::vector<std::string> kBothWays = {"layer: a[0] -> y[0]", "layer backward data: y'[0] -> a'[0]",
                                            "layer backward data: a[0] -> a'[0]"};
const std::vector<std::string> kSums = {"layer: a[0] -> y[0]", "layer: b[0] -> y[0]",
                                        "layer backward data: y'[0] -> a'[0]",
                                        "layer backward data: y'[0] -> b'[0]"};
const std::vector<std::string> kRectifiedSums = {
    "layer: a[0] -> y[0]",
    "layer: b[0] -> y[0]",
    "layer backward data: y'[0] -> a'[0]",
    "layer backward data: y'[0] -> b'[0]",
    "layer backward data: y[0] -> a'[0]",
    "layer backward data: y[0] -> b'[0]",
};
const std::vector<std::string> kTwoBottoms = {"layer: a[0] -> y[0]", "layer: b[0] -> y[0]"};

EltwiseParams eltwise(EltwiseParams::Operation operation, bool relu, std::vector<float> coefficients = {}) {
  EltwiseParams params;
  params.operation = operation;
  params.coefficients = std::move(coefficients);
  params.relu = relu;
  return params;
}

std::vector<Case> cases() {
  using Operation = EltwiseParams::Operation;
  BatchNormParams rectified_norm;
  rectified_norm.relu = true;
  BatchNormParams plain_norm;
  plain_norm.affine = false;
  ScaleParams rectified_scale;
  rectified_scale.relu = true;
  LrnParams within;
  within.region = LrnParams::Region::within_channel;
  PoolingParams same_size;
  same_size.kernel_h = same_size.kernel_w = 3;
  same_size.pad_h = same_size.pad_w = 1;
  return {
      {"relu",
       ReluParams{},
       1,
       {"layer: a[0] -> y[0]", "layer backward data: y'[0] -> a'[0]", "layer backward data: y[0] -> a'[0]"},
       kForward},
      {"dropout",
       DropoutParams{},
       1,
       {"layer: a[0] -> y[0]", "layer backward data: y'[0] -> a'[0]"},
       kForward},
      {"scale", ScaleParams{}, 1, kBothWays, kForward},
      {"scale_relu", rectified_scale, 1, kBothWays, kForward},
      {"batch_norm", plain_norm, 1, kBothWays, kForward},
      {"batch_norm_relu", rectified_norm, 1, kBothWays, kForward},
      {"lrn_across", LrnParams{}, 1, kBothWays, kForward},
      {"lrn_within", within, 1, kBothWays, kForward},
      {"sum", eltwise(Operation::sum, false, {2, -3}), 2, kSums, kTwoBottoms},
      {"sum_relu", eltwise(Operation::sum, true), 2, kRectifiedSums, kTwoBottoms},
      {"product", eltwise(Operation::product, false), 2, kSums, kTwoBottoms},
      {"product_relu", eltwise(Operation::product, true), 2, kRectifiedSums, kTwoBottoms},
      {"max", eltwise(Operation::max, false), 2, kSums, kTwoBottoms},
      {"pooling", same_size, 1, {}, {}},
  };
}

/// x -> a, [and b] -> layer -> y; tested too. Where there are channel blocks a and b have 11 channels, so
/// that there is padding, else those of x.
NetSpec net_around(const Case& param, Shape images) {
  std::vector<LayerSpec> layers = {blocked_layer("conv", "a", 11)};
  if (param.bottoms == 2) layers.push_back(blocked_layer("conv2", "b", 11));
  LayerSpec layer{"layer", {"a"}, {"y"}, param.params};
  if (param.bottoms == 2) layer.bottoms.emplace_back("b");
  layers.push_back(layer);
  NetSpec net = between_data_and_loss(layers, images);
  net.layers.push_back({"accuracy", {"logits", "label"}, {"accuracy"}, AccuracyParams{}, Include::test});
  return net;
}

/// Of the layer under test.
std::vector<std::string> offers(LayerHarness& net, Split split) {
  std::vector<std::string> all = net.run_in_place(split);
  std::erase_if(all, [](const std::string& offer) { return !offer.starts_with("layer"); });
  return all;
}

class InPlace : public ::testing::TestWithParam<Case> {};

TEST_P(InPlace, GivesTheSameBits) {
  LayerHarness net(net_around(GetParam(), kLarge), kOneSlab);
  EXPECT_THAT(offers(net, Split::train), UnorderedElementsAreArray(GetParam().train));
  EXPECT_THAT(offers(net, Split::test), UnorderedElementsAreArray(GetParam().test));
}

TEST_P(InPlace, GivesTheSameBitsSlabBySlab) {
  LayerHarness net(net_around(GetParam(), kLarge), kOwnTensor);
  EXPECT_EQ(net.slab_count("y"), 2u);
  EXPECT_EQ(offers(net, Split::train).size(), 2 * GetParam().train.size());
  EXPECT_EQ(offers(net, Split::test).size(), 2 * GetParam().test.size());
}

// Neighbours in one tensor: its bytes are the others' as well.
TEST_P(InPlace, IsNotOfferedWithinATensor) {
  LayerHarness net(net_around(GetParam(), kSmall), kOneSlab);
  EXPECT_THAT(net.run_in_place(), ElementsAre("identity: data[0]+ -> x[0]+"))
      << "the first of their tensors; no other two lie at one place of different tensors";
}

INSTANTIATE_TEST_SUITE_P(Layers, InPlace, ::testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

TEST(InPlaceOffers, BottomsMayDifferInLayout) {
  const NetSpec net =
      between_data_and_loss({blocked_layer("conv", "a", 16),
                             {"layer", {"x", "a"}, {"y"}, eltwise(EltwiseParams::Operation::product, true)}},
                            kLarge);
  LayerHarness harness(net, kOneSlab);
  EXPECT_THAT(offers(harness, Split::train), ::testing::SizeIs(6));
}

TEST(InPlaceOffers, AGradientThatIsAddedToKeepsItsBytes) {
  const NetSpec net =
      between_data_and_loss({{"relu", {"x"}, {"a"}, ReluParams{}},
                             {"layer", {"x", "a"}, {"y"}, eltwise(EltwiseParams::Operation::sum, false)}},
                            kLarge);
  LayerHarness harness(net, kOneSlab);
  EXPECT_THAT(harness.run_in_place(),
              ElementsAre("identity: data[0] -> x[0]", "relu: x[0] -> a[0]", "layer: x[0] -> y[0]",
                          "layer: a[0] -> y[0]", "loss backward data: logits[0]+ -> logits'[0]+",
                          "layer backward data: y'[0] -> x'[0]", "layer backward data: y'[0] -> a'[0]"))
      << "and none of relu backward data, which adds to x'";
}

TEST(InPlaceOffers, TheLossWritesItsGradientOverTheLogits) {
  InnerProductParams product;
  product.outputs = 1024;
  product.weight_options.filler = {.kind = Filler::Kind::xavier};
  const NetSpec net{"loss",
                    {{"data", {}, {"data", "label"}, DataParams{256, 3, 1, 1}},
                     {"product", {"data"}, {"logits"}, product},
                     {"layer", {"logits", "label"}, {"loss"}, SoftmaxLossParams{}}}};
  LayerHarness harness(net, kOneSlab);
  EXPECT_THAT(offers(harness, Split::train), ElementsAre("layer backward data: logits[0] -> logits'[0]"));
}

}  // namespace
}  // namespace octrain::layers::testing
