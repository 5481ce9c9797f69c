#include <gtest/gtest.h>

#include "support/plan_answers.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::evicted;
using testing::Options;
using testing::plan_by;
using testing::prefetch;
using testing::prefetches;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Ids = std::set<TensorId>;

/// Activations of 4, 4 and 10 bytes, and a fourth forward op that leaves room for 10 of their 18.
Schedule three_layers(std::uint64_t forward_ns) {
  ScheduleBuilder builder;
  for (const std::uint64_t bytes : {4, 4, 10}) builder.tensor(Role::activation, bytes);
  for (TensorId i = 0; i < 3; ++i) builder.op({}, {i}, forward_ns);
  builder.op({}, {}, forward_ns, 20);
  for (TensorId i = 3; i-- > 0;) builder.op({i}, {}, 5, 0, Phase::backward);
  return builder.schedule();
}
constexpr std::uint64_t kBudget = 30;

/// A transfer takes 20 ns longer than its bytes.
Machine slow_start() {
  Machine machine = testing::unit_machine();
  machine.transfer_latency_ns = 20;
  return machine;
}

Ids offloaded(std::uint64_t forward_ns, double second_phase) {
  return evicted(plan_by("flashneuron", three_layers(forward_ns), kBudget,
                         {{"limit_share", 1}, {"second_phase", second_phase}}, slow_start()));
}

TEST(FlashNeuron, TakesTensorsInTheOrderOfTheForwardPassUntilEnoughIsSaved) {
  EXPECT_EQ(offloaded(30, 0), (Ids{0, 1}));
  EXPECT_EQ(evicted(plan_by("flashneuron", three_layers(30), kBudget + 4)), (Ids{0}));
}

TEST(FlashNeuron, WhereTransfersOutlastTheForwardPassTheLargestGoFirst) {
  // The first two take 2 * 24 ns to leave. Four forward ops of 5 ns end before that: the one of 10 bytes
  // takes 30 ns, and op 3 can start sooner.
  EXPECT_EQ(offloaded(5, 1), (Ids{2}));
  EXPECT_EQ(offloaded(5, 0), (Ids{0, 1}));
  EXPECT_EQ(offloaded(30, 1), (Ids{0, 1})) << "120 ns of forward pass hide them";
}

TEST(FlashNeuron, OnlyIntermediateTensorsLeave) {
  ScheduleBuilder builder;
  const TensorId weight = builder.tensor(Role::weight, 8);
  const TensorId input = builder.tensor(Role::input, 8);
  const TensorId activation = builder.tensor(Role::activation, 8);
  builder.op({weight, input}, {activation}, 50);
  builder.op({}, {}, 50, 10);
  builder.op({activation, weight, input}, {}, 50, 0, Phase::backward);
  EXPECT_EQ(evicted(plan_by("flashneuron", builder.schedule(), 26)), (Ids{activation}));
  EXPECT_EQ(evicted(plan_by("autoswap", builder.schedule(), 26, {{"score", 0}})), (Ids{weight}))
      << "nobody writes it, so it need not travel out";
}

TEST(FlashNeuron, PrefetchesAsEarlyAsMemoryAllowsInTheBackwardPass) {
  const auto swap_ins = [](const Options& options) {
    return prefetches(plan_by("flashneuron", three_layers(30), kBudget, options));
  };
  // Backward begins with op 4; tensor 1 is needed by op 5, tensor 0 by op 6.
  EXPECT_EQ(swap_ins({}), (Actions{prefetch(4, 1), prefetch(4, 0)}));
  EXPECT_EQ(swap_ins({{"early", 0}}), (Actions{prefetch(5, 1), prefetch(6, 0)}));
}

}  // namespace
}  // namespace octrain::advisor
