#include "policies/pressure.h"

#include <gtest/gtest.h>

#include <random>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

TEST(Pressure, AgreesWithPlainArrays) {
  std::mt19937 random(11);
  constexpr std::uint64_t kLimit = 100;
  for (const std::size_t size : {1u, 2u, 5u, 16u, 37u}) {
    testing::ScheduleBuilder builder;
    std::vector<std::uint64_t> bytes, times;
    for (std::size_t op = 0; op < size; ++op) {
      bytes.push_back(random() % 1000);
      times.push_back(1 + random() % 50);
      builder.op({}, {}, times.back());
    }
    Pressure pressure(builder.schedule(), bytes, kLimit);
    for (int step = 0; step < 300; ++step) {
      const std::size_t from = random() % (size + 1);
      const std::size_t to = random() % (size + 1);
      const std::uint64_t less = random() % 40;
      pressure.relieve(from, to, less);
      for (std::size_t op = from; op < to; ++op) bytes[op] -= std::min(bytes[op], less);
      std::uint64_t expected = 0;
      bool any = false;
      for (std::size_t op = 0; op < size; ++op) {
        any = any || bytes[op] > kLimit;
        if (bytes[op] > kLimit && op >= to && op < from) expected += times[op];
      }
      EXPECT_EQ(pressure.any(), any);
      EXPECT_EQ(pressure.time_over(to, from), expected);
    }
  }
}

TEST(Pressure, AnOpOfNoTimeStillCounts) {
  testing::ScheduleBuilder builder;
  builder.op({}, {}, 0);
  EXPECT_EQ(Pressure(builder.schedule(), {11}, 10).time_over(0, 1), 1u);
  EXPECT_EQ(Pressure(builder.schedule(), {10}, 10).time_over(0, 1), 0u);
}

}  // namespace
}  // namespace octrain::advisor
