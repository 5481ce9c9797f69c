#include "policies/convolutions.h"

#include <gtest/gtest.h>

namespace octrain::advisor {
namespace {

bool convolution(const char* name, std::uint64_t workspace_bytes = 0) {
  return is_convolution({name, Phase::forward, 0, workspace_bytes, {}, {}});
}

TEST(Convolutions, AreToldByTheLastPartOfTheLayersName) {
  for (const char* name :
       {"conv1_1", "conv1_1 @8", "conv1_1 backward data @8 #2", "Conv2d_Forward", "stage1/block1/conv2",
        "stage1/block1/shortcut", "res2a_branch2a", "inception_3a/3x3", "inception_3a/5x5_reduce",
        "inception_3a/pool_proj", "conv1/7x7_s2", "loss1/conv"}) {
    EXPECT_TRUE(convolution(name)) << name;
  }
}

TEST(Convolutions, OtherLayersAreNoneEvenWithAWorkspace) {
  for (const char* name : {"fc6", "ip1 backward data", "stage1/block1/conv2/bn", "conv1/relu", "conv2/norm2",
                           "pool1/3x3_s2", "inception_3a/pool", "BatchNorm2d_Forward", "Linear_Forward",
                           "data", "update conv1.weight", "loss3/classifier", "res2a_relu"}) {
    EXPECT_FALSE(convolution(name, 1)) << name;
  }
}

TEST(Convolutions, ANameThatSaysNothingLeavesItToTheWorkspace) {
  EXPECT_TRUE(convolution("op7", 1));
  EXPECT_FALSE(convolution("op7", 0));
}

TEST(Convolutions, OpsOfALayersBackwardPassHaveOneName) {
  const auto layer = [](const char* name) { return backward_layer({name, Phase::backward, 0, 0, {}, {}}); };
  EXPECT_EQ(layer("conv1 backward data @8"), "conv1");
  EXPECT_EQ(layer("conv1 mask"), layer("conv1 backward parameters #1"));
  EXPECT_EQ(layer("Conv2d_Backward_Weight"), layer("Conv2d_Backward_Input"));
  EXPECT_NE(layer("op7"), layer("op8"));
}

}  // namespace
}  // namespace octrain::advisor
