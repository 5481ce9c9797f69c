// SuperNeurons' rules on a net small enough to follow by hand.
#include <gtest/gtest.h>

#include "octrain/advisor/policy.h"
#include "support/small_net.h"

namespace octrain::advisor {
namespace {

using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using testing::SmallNet;
using Actions = std::vector<Action>;
using Options = decltype(PlanRequest::options);

/// Without what is dead.
Actions moves(const Schedule& schedule, std::uint64_t budget_bytes, const Options& options = {}) {
  const Machine machine = testing::unit_machine();
  Actions actions =
      find_policy("superneurons")->make_plan({schedule, machine, budget_bytes, options}).plan.actions;
  std::erase_if(actions, [](const Action& action) { return action.kind == ActionKind::discard; });
  return actions;
}

// Of the small net, conv1 makes x[1] and conv2 makes x[4]; op 4 is the first with six alive, op 5 has seven.
constexpr std::uint64_t kAllFits = 7;
constexpr std::uint64_t kShort = 6;

TEST(SuperNeurons, WhereAllFitsTheCacheHoldsEverything) {
  const SmallNet net;
  EXPECT_EQ(moves(net.builder.schedule(), kAllFits), (Actions{prefetch(0, net.x[0])}));
}

TEST(SuperNeurons, ElseOutputsOfConvolutionsLeaveAndComeBackAConvolutionEarlier) {
  const SmallNet net;
  const auto& x = net.x;
  // conv2 starts backward at op 6 and fetches what all up to conv1 need.
  EXPECT_EQ(moves(net.builder.schedule(), kShort), (Actions{prefetch(0, x[0]), evict(1, x[1]), evict(4, x[4]),
                                                            prefetch(5, x[4]), prefetch(6, x[1])}));
}

TEST(SuperNeurons, WithoutTheCacheTheyAlwaysLeave) {
  const SmallNet net;
  const auto& x = net.x;
  EXPECT_EQ(
      moves(net.builder.schedule(), kAllFits, {{"cache", 0}}),
      (Actions{prefetch(0, x[0]), evict(1, x[1]), evict(4, x[4]), prefetch(5, x[4]), prefetch(6, x[1])}));
}

TEST(SuperNeurons, WithoutPrefetchTheyComeOnDemand) {
  const SmallNet net;
  const auto& x = net.x;
  EXPECT_EQ(
      moves(net.builder.schedule(), kShort, {{"prefetch_ahead", 0}}),
      (Actions{prefetch(0, x[0]), evict(1, x[1]), evict(4, x[4]), prefetch(5, x[4]), prefetch(8, x[1])}));
}

TEST(SuperNeurons, WithoutOffloadTheTailOfTheCacheLeaves) {
  const SmallNet net;
  const auto& x = net.x;
  // At op 5 the least recent is x[0], which no convolution made: it is fetched by nobody.
  EXPECT_EQ(moves(net.builder.schedule(), kShort, {{"offload", 0}}),
            (Actions{prefetch(0, x[0]), evict(4, x[0]), prefetch(9, x[0])}));
}

/// a and b are made, a is used, c is made: room for two.
TEST(SuperNeurons, AUseMovesATensorToTheFrontOfTheCache) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  const TensorId c = builder.tensor(Role::activation, 1);
  builder.op({}, {a});
  builder.op({}, {b});
  builder.op({a}, {});
  builder.op({}, {c});
  builder.op({a}, {});
  builder.op({b}, {});
  EXPECT_EQ(moves(builder.schedule(), 2), (Actions{evict(2, b), prefetch(5, b)}));
  EXPECT_EQ(moves(builder.schedule(), 2, {{"cache", 0}}), (Actions{evict(2, a), prefetch(4, a)}));
}

TEST(SuperNeurons, WithoutLivenessTheDeadAreWrittenOutLikeTheLiving) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 1);
  const TensorId b = builder.tensor(Role::activation, 1);
  builder.op({}, {a});
  builder.op({}, {b});
  EXPECT_EQ(moves(builder.schedule(), 1), Actions{});
  EXPECT_EQ(moves(builder.schedule(), 1, {{"liveness", 0}}), Actions{evict(0, a)});
}

}  // namespace
}  // namespace octrain::advisor
