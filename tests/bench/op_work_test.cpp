// Counts of a small net's ops, worked out by hand.
#include "op_work.h"

#include <gtest/gtest.h>

#include "octrain/layers/host/backend.h"

namespace octrain::bench {
namespace {

using namespace layers;

/// Channels in whole blocks of 16, so that no layout pads.
NetSpec small_net(std::int64_t images) {
  ConvolutionParams conv;
  conv.outputs = 32;
  conv.kernel_h = conv.kernel_w = 3;
  conv.pad_h = conv.pad_w = 1;
  PoolingParams pool;
  pool.method = PoolingParams::Method::average;
  pool.kernel_h = pool.kernel_w = pool.stride_h = pool.stride_w = 2;
  InnerProductParams product;
  product.outputs = 16;
  return {"small",
          {{"data", {}, {"data", "label"}, DataParams{images, 16, 8, 8}},
           {"conv", {"data"}, {"conv"}, conv},
           {"relu", {"conv"}, {"conv"}, ReluParams{}},  // folded into conv
           {"pool", {"conv"}, {"pool"}, pool},
           {"fc", {"pool"}, {"fc"}, product},
           {"loss", {"fc", "label"}, {"loss"}, SoftmaxLossParams{}}}};
}

// Of two images.
constexpr double kData = 4 * 2 * 16 * 8 * 8, kLabel = 4 * 2, kConv = 4 * 2 * 32 * 8 * 8,
                 kPool = 4 * 2 * 32 * 4 * 4, kProduct = 4 * 2 * 16;
constexpr double kConvWeight = 4 * 32 * 16 * 3 * 3, kConvBias = 4 * 32;
constexpr double kProductWeight = 4 * 16 * 32 * 4 * 4, kProductBias = 4 * 16;
constexpr double kConvFlops = 2.0 * (2 * 32 * 8 * 8) * (16 * 3 * 3),
                 kProductFlops = 2.0 * 2 * (32 * 4 * 4) * 16;

struct Expected {
  const char* kind;
  double flops, bytes;
};

TEST(CountWork, OfASmallNetByHand) {
  const auto backend = make_host_backend(1);
  const std::vector<OpWork> work = count_work(small_net(2), *backend, {});
  const std::vector<Expected> expected = {
      {"Data", 0, kData + kLabel},
      {"Convolution", kConvFlops, kData + kConvWeight + kConvBias + kConv},
      {"Pooling", 0, kConv + kPool},
      {"InnerProduct", kProductFlops, kPool + kProductWeight + kProductBias + kProduct},
      {"SoftmaxWithLoss", 0, kProduct + kLabel},
      {"SoftmaxWithLoss backward data", 0, kProduct + kLabel + kProduct},
      {"InnerProduct backward parameters", kProductFlops, kPool + kProduct + kProductWeight + kProductBias},
      {"InnerProduct backward data", kProductFlops, kProduct + kProductWeight + kPool},
      {"Pooling backward data", 0, kPool + kConv},
      {"Convolution mask", 0, 3 * kConv},
      {"Convolution backward parameters", kConvFlops, kData + kConv + kConvWeight + kConvBias},
      // Weight, gradient and momentum are read, weight and momentum written.
      {"Update", 0, 5 * (kConvWeight + kConvBias + kProductWeight + kProductBias)}};
  ASSERT_EQ(work.size(), expected.size());
  for (std::size_t op = 0; op < work.size(); ++op) {
    EXPECT_EQ(work[op].kind, expected[op].kind);
    EXPECT_NEAR(work[op].flops, expected[op].flops, 1) << work[op].kind;  // whole nanoseconds, cut off
    EXPECT_NEAR(work[op].bytes, expected[op].bytes, 1) << work[op].kind;
  }
}

double sum_of(const std::vector<OpWork>& work, const std::string& kind, double OpWork::*what) {
  double sum = 0;
  for (const OpWork& op : work) sum += op.kind == kind ? op.*what : 0;
  return sum;
}

TEST(CountWork, SlabsAreOfTheSameKindAndMakeUpTheWhole) {
  const auto backend = make_host_backend(1);
  constexpr std::int64_t kImages = 8192;  // conv: 64 MiB in two slabs
  const std::vector<OpWork> work = count_work(small_net(kImages), *backend, {});
  EXPECT_GT(work.size(), 12u);
  for (const char* kind : {"Convolution", "Convolution backward parameters"})
    EXPECT_NEAR(sum_of(work, kind, &OpWork::flops), kConvFlops * kImages / 2, 8) << kind;
  EXPECT_NEAR(sum_of(work, "Convolution mask", &OpWork::bytes), 3 * kConv * kImages / 2, 8);
}

TEST(LeastTime, IsTheLongerOfOperationsAndBytes) {
  const Peaks peaks{.flops_per_s = 100e9, .bytes_per_s = 10e9};
  const LeastTime computing = least_time({"", 200e9, 10e9}, peaks);
  EXPECT_DOUBLE_EQ(computing.seconds, 2);
  EXPECT_FALSE(computing.by_memory);
  const LeastTime moving = least_time({"", 200e9, 30e9}, peaks);
  EXPECT_DOUBLE_EQ(moving.seconds, 3);
  EXPECT_TRUE(moving.by_memory);
}

}  // namespace
}  // namespace octrain::bench
