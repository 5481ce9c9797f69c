// vDNN's rules on a net small enough to follow by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/small_net.h"
#include "support/vgg_like_schedule.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using testing::SmallNet;
using Actions = std::vector<Action>;
using Options = decltype(PlanRequest::options);

constexpr std::uint64_t kAmple = 100;

/// Without what is dead: every policy discards that.
Actions moves(const char* policy, const Schedule& schedule, std::uint64_t budget_bytes,
              const Options& options = {}) {
  const Machine machine = testing::unit_machine();
  Actions actions = find_policy(policy)->make_plan({schedule, machine, budget_bytes, options}).plan.actions;
  std::erase_if(actions, [](const Action& action) { return action.kind == ActionKind::discard; });
  return actions;
}

TEST(Vdnn, AllOffloadsEveryInputAndFetchesOneLayerAhead) {
  const SmallNet net;
  const auto& x = net.x;
  // x[5] is nobody's input. The last layer is the first to run backward: nobody fetches for it.
  EXPECT_EQ(moves("vdnn-all", net.builder.schedule(), kAmple),
            (Actions{prefetch(0, x[0]), evict(0, x[0]), evict(1, x[1]), evict(2, x[2]), evict(3, x[3]),
                     evict(4, x[4]), prefetch(5, x[4]), prefetch(5, x[3]), prefetch(6, x[2]),
                     prefetch(7, x[1]), prefetch(8, x[0])}));
}

TEST(Vdnn, ConvOffloadsWhatConvolutionsRead) {
  const SmallNet net;
  const auto& x = net.x;
  // Behind conv2, relu2 and pool1 have nothing to fetch, so the search goes on to conv1.
  EXPECT_EQ(
      moves("vdnn-conv", net.builder.schedule(), kAmple),
      (Actions{prefetch(0, x[0]), evict(0, x[0]), evict(3, x[3]), prefetch(5, x[3]), prefetch(6, x[0])}));
}

TEST(Vdnn, WithoutPrefetchInputsComeOnDemand) {
  const SmallNet net;
  const auto& x = net.x;
  EXPECT_EQ(
      moves("vdnn-conv", net.builder.schedule(), kAmple, {{"prefetch_ahead", 0}}),
      (Actions{prefetch(0, x[0]), evict(0, x[0]), evict(3, x[3]), prefetch(6, x[3]), prefetch(9, x[0])}));
}

TEST(Vdnn, WithoutItsWindowTheSearchPassesTheNextConvolution) {
  const SmallNet net;
  const auto& x = net.x;
  // With it, fc finds conv2 and looks no further, however many it may fetch.
  EXPECT_EQ(moves("vdnn-conv", net.builder.schedule(), kAmple, {{"prefetch_ahead", 2}}),
            moves("vdnn-conv", net.builder.schedule(), kAmple));
  EXPECT_EQ(
      moves("vdnn-conv", net.builder.schedule(), kAmple, {{"prefetch_ahead", 2}, {"convolution_window", 0}}),
      (Actions{prefetch(0, x[0]), evict(0, x[0]), evict(3, x[3]), prefetch(5, x[3]), prefetch(5, x[0])}));
}

TEST(Vdnn, AForkedInputLeavesAfterItsLastForwardReader) {
  ScheduleBuilder builder;
  const TensorId x = builder.tensor(Role::activation, 1);
  builder.op({}, {x});
  builder.rename(builder.op({x}, {}), "conv1");
  builder.rename(builder.op({x}, {}), "pool1");
  builder.op({}, {});
  builder.op({x}, {}, 10, 0, Phase::backward);
  EXPECT_EQ(moves("vdnn-conv", builder.schedule(), kAmple), (Actions{evict(2, x), prefetch(4, x)}));
}

TEST(Vdnn, TheNextBackwardPassIsNotFetchedFor) {
  ScheduleBuilder builder;  // two batches an iteration
  const TensorId x = builder.tensor(Role::activation, 1);
  const TensorId y = builder.tensor(Role::activation, 1);
  for (int batch = 0; batch < 2; ++batch) {
    builder.op({}, {x});
    builder.op({x}, {y});
    builder.op({y}, {}, 10, 0, Phase::backward);
    builder.op({x}, {}, 10, 0, Phase::backward);
  }
  EXPECT_EQ(moves("vdnn-all", builder.schedule(), kAmple),
            (Actions{evict(1, x), prefetch(2, x), evict(5, x), prefetch(6, x)}));
}

TEST(Vdnn, WeightsStayUnlessToldOtherwise) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 1);
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  builder.op({w}, {});
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({a, w}, {}, 10, 0, Phase::backward);
  EXPECT_EQ(moves("vdnn-all", builder.schedule(), 2), (Actions{prefetch(0, w), evict(1, a), prefetch(3, a)}));
  const Actions moving = moves("vdnn-all", builder.schedule(), 2, {{"keep_weights", 0}});
  EXPECT_EQ(std::count(moving.begin(), moving.end(), evict(1, w)), 1);
}

TEST(Vdnn, WithoutLivenessTheDeadStayToTheEnd) {
  const SmallNet net;
  const Machine machine = testing::unit_machine();
  const auto last = static_cast<OpIndex>(net.builder.schedule().ops.size() - 1);
  const Actions actions = find_policy("vdnn-all")
                              ->make_plan({net.builder.schedule(), machine, kAmple, {{"liveness", 0}}})
                              .plan.actions;
  for (const Action& action : actions) {
    EXPECT_TRUE(action.kind != ActionKind::discard || action.op == last);
  }
}

TEST(Vdnn, DynOffloadsNothingWhenEverythingFits) {
  const SmallNet net;
  EXPECT_EQ(moves("vdnn-dyn", net.builder.schedule(), kAmple), (Actions{prefetch(0, net.x[0])}));
}

TEST(Vdnn, DynIsTheFastestOfThree) {
  const Schedule schedule = testing::vgg_like_schedule(64);
  const Machine machine = *find_machine("v100-16g");
  for (const std::uint64_t budget_bytes : {footprint_bytes(schedule) / 3, largest_op_bytes(schedule)}) {
    const auto total_ns = [&](const char* policy) {
      const Plan plan = find_policy(policy)->make_plan({schedule, machine, budget_bytes}).plan;
      return simulate(schedule, plan, machine, budget_bytes).total_ns;
    };
    EXPECT_LE(total_ns("vdnn-dyn"), std::min(total_ns("vdnn-conv"), total_ns("vdnn-all")));
  }
}

}  // namespace
}  // namespace octrain::advisor
