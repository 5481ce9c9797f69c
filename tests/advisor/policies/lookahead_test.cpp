#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/schedule_builder.h"
#include "support/vgg_like_schedule.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;

Actions plan(const ScheduleBuilder& builder, std::uint64_t budget_bytes) {
  const Machine machine = testing::unit_machine();
  return find_policy("lookahead")->make_plan({builder.schedule(), machine, budget_bytes}).plan.actions;
}

TEST(Lookahead, EvictsTheFurthestRightAfterItsLastUseAndBringsItBackEarly) {
  ScheduleBuilder builder;
  TensorId a[4];
  for (TensorId& t : a) t = builder.tensor(Role::activation, 1);
  for (OpIndex i = 0; i < 4; ++i) {
    builder.op(i == 0 ? std::vector<TensorId>{} : std::vector{a[i - 1]}, {a[i]}, 100);
  }
  for (OpIndex i = 4; i-- > 0;) builder.op({a[i]}, {}, 100, 0, Phase::backward);
  // Room for three of four: a[0], needed last, leaves after op 1 and is back as soon as op 4 has freed a[3].
  const Actions actions = plan(builder, 3);
  EXPECT_EQ(std::count(actions.begin(), actions.end(), evict(1, a[0])), 1);
  EXPECT_EQ(std::count(actions.begin(), actions.end(), prefetch(5, a[0])), 1);
  EXPECT_EQ(std::count(actions.begin(), actions.end(), discard(4, a[3])), 1);
  EXPECT_EQ(std::count_if(actions.begin(), actions.end(),
                          [](const Action& x) { return x.kind == ActionKind::evict; }),
            1);
}

TEST(Lookahead, WeightsThatFitStayAcrossIterations) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::weight, 2);
  const TensorId b = builder.tensor(Role::state, 2);
  builder.op({b}, {b});
  builder.op({a}, {});
  EXPECT_EQ(plan(builder, 4), (Actions{prefetch(0, b), prefetch(0, a)}));
}

TEST(Lookahead, AWeightThatIsOverwrittenUnreadIsNotBroughtIn) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::weight, 2);
  const TensorId b = builder.tensor(Role::weight, 2);
  builder.op({}, {a}, 100);
  builder.op({b}, {}, 100);
  const Machine machine = testing::unit_machine();
  const Plan result = find_policy("lookahead")->make_plan({builder.schedule(), machine, 2}).plan;
  const Simulation run = simulate(builder.schedule(), result, machine, 2);
  EXPECT_EQ(run.in_bytes, 2u);
  EXPECT_EQ(run.out_bytes, 2u);
}

/// The case the policy is made for: vgg16 at batch 512 over a disk, in slabs, a quarter of its footprint on
/// the device.
TEST(Lookahead, HidesTheTrafficOfALargeTraining) {
  const Schedule schedule = testing::vgg_like_schedule(512);
  const Machine machine = *find_machine("host");
  for (const std::uint64_t gib : {16, 24}) {
    const std::uint64_t budget_bytes = gib << 30;
    const PlanResult result = find_policy("lookahead")->make_plan({schedule, machine, budget_bytes});
    ASSERT_TRUE(check(schedule, result.plan, budget_bytes).ok());
    const Simulation run = simulate(schedule, result.plan, machine, budget_bytes);
    const Bounds least = bounds(schedule, budget_bytes);
    const double of_ideal = static_cast<double>(least.ideal_ns) / static_cast<double>(run.total_ns);
    const double of_least =
        static_cast<double>(run.in_bytes) / static_cast<double>(least.least_traffic_bytes);
    EXPECT_GT(of_ideal, 0.999) << gib << " GiB";
    EXPECT_LT(of_least, 1.02) << gib << " GiB";
    RecordProperty("of_ideal_" + std::to_string(gib), std::to_string(of_ideal));
    RecordProperty("of_least_traffic_" + std::to_string(gib), std::to_string(of_least));
  }
}

}  // namespace
}  // namespace octrain::advisor
