#include "octrain/runtime/cuda/link_speed.h"

#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"
#include "octrain/runtime/error.h"

namespace octrain::runtime::cuda {
namespace {

TEST(LinkSpeed, BothWaysAreMeasuredAndNothingIsKept) {
  fake_cuda::reset();
  const LinkSpeed link = measure_link();
  EXPECT_GT(link.in_bytes_per_s, 1e6);
  EXPECT_GT(link.out_bytes_per_s, 1e6);
  EXPECT_EQ(fake_cuda::violations_text(), "");
  EXPECT_TRUE(fake_cuda::leaks().empty());
}

TEST(LinkSpeed, TooLittleMemoryIsSaid) {
  fake_cuda::Options options;
  options.total_bytes = 1 << 20;
  fake_cuda::reset(options);
  EXPECT_THROW(static_cast<void>(measure_link()), OutOfDeviceMemory);
  EXPECT_TRUE(fake_cuda::leaks().empty());
}

}  // namespace
}  // namespace octrain::runtime::cuda
