#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/plan_answers.h"
#include "support/random_schedule.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::evicted;
using testing::Options;
using testing::plan_by;
using testing::ScheduleBuilder;
using Ids = std::set<TensorId>;

/// The schedule of swap_candidates_test.cpp, where its scores are worked out: with 24 bytes op 2 has 12 too
/// many and op 4 has 4 too many. y straddles both, x op 4, z op 2.
Schedule two_peaks() {
  ScheduleBuilder builder;
  const TensorId y = builder.tensor(Role::activation, 10);
  const TensorId x = builder.tensor(Role::activation, 2);
  const TensorId z = builder.tensor(Role::activation, 6);
  builder.op({}, {y}, 10);
  builder.op({}, {z}, 10);
  builder.op({}, {}, 5, 20);
  builder.op({z}, {x}, 10);
  builder.op({}, {}, 20, 16);
  builder.op({y}, {}, 10);
  builder.op({x}, {}, 10);
  return builder.schedule();
}
constexpr TensorId kY = 0, kX = 1, kZ = 2;

TEST(AutoSwap, TheBestByTheScoreLeaveUntilThePeaksAreUnderTheLimit) {
  // DOA takes x first, though y and z would do; the others begin with y, after which x helps no more.
  EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 24, {{"score", 0}})), (Ids{kY, kX, kZ}));
  for (const double score : {1, 2, 3, 4}) {
    EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 24, {{"score", score}})), (Ids{kY, kZ})) << score;
  }
  EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 26, {{"score", 1}})), (Ids{kY}));
}

TEST(AutoSwap, SmallTensorsStay) {
  const Options options = {{"score", 0}, {"least_share", 0.125}};  // 3 bytes
  EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 24, options)), (Ids{kY, kZ}));
}

TEST(AutoSwap, TheLimitMayBeLessThanTheBudget) {
  EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 36, {{"limit_share", 1}})), (Ids{}));
  // Two thirds are 24 bytes.
  EXPECT_EQ(evicted(plan_by("autoswap", two_peaks(), 36, {{"limit_share", 0.667}, {"score", 1}})),
            (Ids{kY, kZ}));
}

TEST(AutoSwap, ASwapInIsAsLateAsItMay) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 10);
  builder.op({}, {a}, 10);
  builder.op({}, {}, 10, 30);
  for (int i = 0; i < 3; ++i) builder.op({}, {}, 10);
  builder.op({a}, {}, 10);
  // It travels for 10 ns: from the start of op 4, or as soon as op 1 has freed its workspace.
  const auto swap_in = [&](double late) {
    return testing::prefetches(plan_by("autoswap", builder.schedule(), 30, {{"late", late}}));
  };
  EXPECT_EQ(swap_in(1), (std::vector{testing::prefetch(4, a)}));
  EXPECT_EQ(swap_in(0), (std::vector{testing::prefetch(2, a)}));
}

TEST(AutoSwap, TheBestOfTheScoresIsNoWorseThanAnyOfThem) {
  std::size_t different = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Schedule schedule = testing::random_schedule(seed);
    const Machine machine = testing::unit_machine();
    const std::uint64_t budget_bytes = (largest_op_bytes(schedule) + footprint_bytes(schedule)) / 2;
    const auto total_ns = [&](double score) {
      const Plan plan = plan_by("autoswap", schedule, budget_bytes, {{"score", score}, {"limit_share", 1}});
      return simulate(schedule, plan, machine, budget_bytes).total_ns;
    };
    const std::uint64_t best_ns = total_ns(5);
    for (const double score : {0, 1, 2, 3, 4}) {
      EXPECT_LE(best_ns, total_ns(score)) << "seed " << seed << " score " << score;
      different += best_ns < total_ns(score) ? 1 : 0;
    }
  }
  EXPECT_GT(different, 0u);
}

}  // namespace
}  // namespace octrain::advisor
