#include "fault_times.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace octrain::bench {
namespace {

TEST(FaultTimes, OfNothingIsNothing) {
  const FaultTimes times;
  EXPECT_EQ(times.count(), 0u);
  EXPECT_EQ(times.seconds(), 0);
  EXPECT_EQ(times.quantile_us(0.5), 0);
}

TEST(FaultTimes, TheSlowestIsAmongTheLastHundredth) {
  FaultTimes times;
  for (int i = 0; i < 10; ++i) {
    times.time([&] {
      if (i == 3) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
  }
  EXPECT_EQ(times.count(), 10u);
  EXPECT_GE(times.quantile_us(0.99), 20'000);
  EXPECT_GE(times.quantile_us(1), 20'000);
  EXPECT_GE(times.seconds(), 0.02);
  EXPECT_LT(times.quantile_us(0), times.quantile_us(0.99));
}

TEST(FaultTimes, HalfOfThemTookNoLongerThanTheMedian) {
  FaultTimes times;
  for (const int milliseconds : {0, 40}) {
    times.time([&] { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); });
  }
  EXPECT_LT(times.quantile_us(0.5), 40'000);
  EXPECT_GE(times.quantile_us(0.51), 40'000);
}

TEST(FaultTimes, WordsAreWrittenAndRead) {
  alignas(8) std::array<std::byte, 8> block{};
  write_word(block.data(), 0x0123456789abcdef);
  EXPECT_EQ(read_word(block.data()), 0x0123456789abcdef);
}

}  // namespace
}  // namespace octrain::bench
