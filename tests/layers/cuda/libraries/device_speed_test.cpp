#include "device_speed.h"

#include <gtest/gtest.h>

namespace octrain::layers::cuda {
namespace {

// A card of 8.6 as the driver describes it: 82 multiprocessors at 1.695 GHz, 384 bits at 9.751 GHz. Peaks:
// 2 x 128 x 82 x 1.695e9 = 35.58e12; 2 x 9.751e9 x 48 bytes = 936.1e9.
constexpr DeviceAttributes kAmpere{8, 6, 82, 1695000, 9751000, 384};

TEST(DeviceSpeed, IsAShareOfThePeak) {
  EXPECT_NEAR(sustained_flops_per_s(kAmpere, false), 0.6 * 35.58e12, 0.01e12);
  EXPECT_NEAR(sustained_memory_bytes_per_s(kAmpere), 0.8 * 936.1e9, 0.1e9);
}

TEST(DeviceSpeed, KnowsHowWideMultiprocessorsAre) {
  const DeviceAttributes narrow{7, 5, 40, 1590000, 5001000, 256};  // 2 x 64 x 40 x 1.59e9 = 8.14e12
  EXPECT_NEAR(sustained_flops_per_s(narrow, false), 0.6 * 8.14e12, 0.01e12);
}

TEST(DeviceSpeed, ExpectsMoreOfTensorCoresWhereThereAreMany) {
  const DeviceAttributes data_centre{9, 0, 132, 1980000, 3201000, 6144};
  EXPECT_EQ(sustained_flops_per_s(data_centre, true), 4 * sustained_flops_per_s(data_centre, false));
  EXPECT_EQ(sustained_flops_per_s(kAmpere, true), sustained_flops_per_s(kAmpere, false));
  const DeviceAttributes without{7, 0, 80, 1530000, 877000, 4096};
  EXPECT_EQ(sustained_flops_per_s(without, true), sustained_flops_per_s(without, false));
}

TEST(DeviceSpeed, GuessesLowWhereTheDriverIsSilent) {
  EXPECT_EQ(sustained_flops_per_s({}, false), 2e12);
  EXPECT_EQ(sustained_memory_bytes_per_s({}), 80e9);
  EXPECT_EQ(sustained_memory_bytes_per_s({9, 0, 132, 1980000, 0, 6144}), 80e9);
}

TEST(DeviceSpeed, GivesCublasWhatItIsRecommended) {
  EXPECT_EQ(gemm_workspace_bytes(kAmpere), 4U * 1024 * 1024);
  EXPECT_EQ(gemm_workspace_bytes({9, 0, 132, 1980000, 3201000, 6144}), 32U * 1024 * 1024);
}

}  // namespace
}  // namespace octrain::layers::cuda
