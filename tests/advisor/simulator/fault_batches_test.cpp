// How many batches of faults bring a stretch of bytes, worked by hand over the driver's density tree.
#include "simulator/fault_batches.h"

#include <gtest/gtest.h>

namespace octrain::advisor {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

std::uint64_t batches(std::uint64_t block_bytes, std::uint64_t fault_bytes, std::uint64_t bytes) {
  Machine machine;
  machine.block_bytes = block_bytes;
  machine.fault_bytes = fault_bytes;
  return FaultBatches(machine).count(bytes);
}

TEST(FaultBatches, HalfABlockIsNotDenseEnoughToBringTheRest) {
  EXPECT_EQ(batches(2 * kMiB, kMiB, 2 * kMiB), 2u);
  EXPECT_EQ(batches(2 * kMiB, kMiB, 20 * kMiB), 20u);
}

TEST(FaultBatches, MoreThan51PercentAre) {
  // 16 leaves of 64 KiB: of 31 they are 51.6 %, of 32 just 50 %.
  EXPECT_EQ(batches(2 * kMiB, kMiB, 31 * 64 * kKiB), 1u);
  EXPECT_EQ(batches(2 * kMiB, kMiB + 64 * kKiB, 2 * kMiB), 1u) << "17 of 32 are 53 %";
}

TEST(FaultBatches, SingleFaultsGrowByPowersOfTwo) {
  // 64 KiB, then its neighbour; 3 leaves of 4 bring the fourth, 5 of 8 the rest, 9 of 16, 17 of 32.
  EXPECT_EQ(batches(2 * kMiB, 4 * kKiB, 64 * kKiB), 1u);
  EXPECT_EQ(batches(2 * kMiB, 4 * kKiB, 128 * kKiB), 2u);
  EXPECT_EQ(batches(2 * kMiB, 4 * kKiB, 256 * kKiB), 3u);
  EXPECT_EQ(batches(2 * kMiB, 4 * kKiB, 2 * kMiB), 6u);
  EXPECT_EQ(batches(2 * kMiB, 4 * kKiB, 6 * kMiB), 18u);
}

TEST(FaultBatches, ATailIsABlockOfItsOwn) {
  EXPECT_EQ(batches(2 * kMiB, kMiB, 4 * kMiB + 1), 5u);
  EXPECT_EQ(batches(2 * kMiB, kMiB, 2 * kMiB + 31 * 64 * kKiB), 3u);
}

TEST(FaultBatches, BlocksSmallerThanABatchFillIt) {
  EXPECT_EQ(batches(4096, 50 * 4096, 50 * 4096), 1u);
  EXPECT_EQ(batches(4096, 50 * 4096, 51 * 4096), 2u);
  EXPECT_EQ(batches(2 * kMiB, 2 * kMiB, 6 * kMiB), 3u);
  EXPECT_EQ(batches(4096, 50 * 4096, 0), 0u);
}

}  // namespace
}  // namespace octrain::advisor
