// TFLMS' rules on a chain small enough to follow by hand.
#include <gtest/gtest.h>

#include "octrain/advisor/policy.h"
#include "policies/tflms_swaps.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::evict;
using testing::prefetch;
using testing::ScheduleBuilder;
using Actions = std::vector<Action>;
using Options = decltype(PlanRequest::options);
using Swaps = std::vector<TensorSwap>;

/// Four layers of one byte each: op i makes a[i] from a[i - 1]; backward, op 7 - i reads a[i] and the
/// gradient of the op before. An op's index is its level.
struct TflmsTest : ::testing::Test {
  TflmsTest() {
    for (TensorId& t : a) t = builder.tensor(Role::activation, 1);
    for (TensorId& t : g) t = builder.tensor(Role::gradient, 1);
    for (std::size_t i = 0; i < 4; ++i) {
      builder.op(i == 0 ? std::vector<TensorId>{} : std::vector{a[i - 1]}, {a[i]});
    }
    for (std::size_t i = 4; i-- > 0;) {
      builder.op(i == 3 ? std::vector{a[i]} : std::vector{a[i], g[i + 1]}, {g[i]}, 10, 0, Phase::backward);
    }
  }
  template <class Rule>
  [[nodiscard]] Swaps swaps(const Rule& rule) const {
    Dataflow flow(builder.schedule());
    return list_swaps(builder.schedule(), Liveness(builder.schedule()), flow, rule);
  }
  /// Without what is dead.
  [[nodiscard]] Actions moves(std::uint64_t budget_bytes, const Options& options) const {
    const Machine machine = testing::unit_machine();
    Actions actions =
        find_policy("tflms")->make_plan({builder.schedule(), machine, budget_bytes, options}).plan.actions;
    std::erase_if(actions, [](const Action& action) { return action.kind == ActionKind::discard; });
    return actions;
  }
  ScheduleBuilder builder;
  TensorId a[4], g[4];
};

TEST_F(TflmsTest, ByOrderTheTriggerLiesMoreThanTheLowerBoundBeforeTheReader) {
  // a[2] is read at op 5: op 3 would trigger it, but that is when it leaves. a[3] is read right away.
  EXPECT_EQ(swaps(TflmsByOrder{}), (Swaps{{a[0], 1, 5, 0}, {a[1], 2, 4, 1}}));
  EXPECT_EQ(swaps(TflmsByOrder{.lower_bound = 2}), (Swaps{{a[0], 1, 4, 0}, {a[1], 2, 3, 1}}));
}

TEST_F(TflmsTest, ByOrderALowerBoundThatReachesBackToTheWriterCountsAsOne) {
  EXPECT_EQ(swaps(TflmsByOrder{.lower_bound = 7}), swaps(TflmsByOrder{}));
}

TEST_F(TflmsTest, ByOrderTheTriggerIsLookedForAboveTheUpperBound) {
  EXPECT_EQ(swaps(TflmsByOrder{.upper_bound = 3}), swaps(TflmsByOrder{}));
  EXPECT_EQ(swaps(TflmsByOrder{.upper_bound = 2}), Swaps{});
}

TEST_F(TflmsTest, ByOrderTheFirstTensorsCount) {
  EXPECT_EQ(swaps(TflmsByOrder{.tensor_count = 1}), (Swaps{{a[0], 1, 5, 0}}));
  EXPECT_EQ(swaps(TflmsByOrder{.tensor_count = 0}), Swaps{});
}

TEST_F(TflmsTest, ByOrderTheTriggerMustReachTheReader) {
  // An update after op 5 leads nowhere: ops 7 and 8 read what ops 5 and 7 made.
  ScheduleBuilder other;
  const TensorId x = other.tensor(Role::activation, 1);
  const TensorId y = other.tensor(Role::gradient, 1);
  other.op({}, {x});
  other.op({}, {});
  other.op({}, {y}, 10, 0, Phase::backward);
  other.op({}, {}, 10, 0, Phase::update);
  other.op({}, {}, 10, 0, Phase::update);
  other.op({x, y}, {}, 10, 0, Phase::backward);
  Dataflow flow(other.schedule());
  EXPECT_EQ(list_swaps(other.schedule(), Liveness(other.schedule()), flow, TflmsByOrder{}),
            (Swaps{{x, 0, 2, 0}}));
}

TEST_F(TflmsTest, ByOrderEveryReaderHasASwapInUnlessTheyAreFused) {
  // Three ops later somebody reads a[0] again.
  TensorId last = g[0];
  for (int i = 0; i < 3; ++i) {
    const TensorId next = builder.tensor(Role::gradient, 1);
    builder.op(i == 2 ? std::vector{last, a[0]} : std::vector{last}, {next}, 10, 0, Phase::backward);
    last = next;
  }
  EXPECT_EQ(swaps(TflmsByOrder{.tensor_count = 1}), (Swaps{{a[0], 1, 5, 0}, {a[0], 7, 8, 0}}));
  EXPECT_EQ(swaps(TflmsByOrder{.tensor_count = 1, .fuses_readers = true}), (Swaps{{a[0], 1, 5, 0}}));
}

TEST_F(TflmsTest, ByLevelWhatIsReadMoreLevelsLaterIsSwapped) {
  // a[0] is read 7 levels after it was made, a[1] 5, a[2] 3.
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 4}), (Swaps{{a[0], 1, 6, 0}, {a[1], 2, 5, 1}}));
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5}), (Swaps{{a[0], 1, 6, 0}}));
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 7}), Swaps{});
}

TEST_F(TflmsTest, ByLevelItComesBackLevelsEarlier) {
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5, .ahead = 3}), (Swaps{{a[0], 1, 4, 0}}));
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5, .ahead = 6}), Swaps{}) << "it would come as it leaves";
}

TEST_F(TflmsTest, ByLevelNearReadersShareASwapIn) {
  TensorId last = g[0];
  for (int i = 0; i < 3; ++i) {
    const TensorId next = builder.tensor(Role::gradient, 1);
    builder.op(i == 2 ? std::vector{last, a[0]} : std::vector{last}, {next}, 10, 0, Phase::backward);
    last = next;
  }
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5}), (Swaps{{a[0], 1, 6, 0}, {a[0], 7, 9, 0}}));
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5, .group_by = 2}).size(), 2u);
  EXPECT_EQ(swaps(TflmsByLevel{.threshold = 5, .group_by = 3}), (Swaps{{a[0], 1, 6, 0}}));
}

TEST_F(TflmsTest, TuningTakesTheLargestThresholdAndThenTheEarliestSwapInThatFit) {
  // Five bytes are alive at ops 4 and 5. To keep four, one tensor must be away at both: a[0] alone is, with a
  // threshold of 6, and it may come back when op 5 is done.
  EXPECT_EQ(moves(10, {{"memory_share", 0.4}}), (Actions{evict(1, a[0]), prefetch(6, a[0])}));
  EXPECT_EQ(moves(10, {{"memory_share", 0.5}}), Actions{});
}

TEST_F(TflmsTest, GivenParametersAreNotTuned) {
  EXPECT_EQ(moves(10, {{"memory_share", 0.5}, {"swapout_threshold", 6}, {"swapin_ahead", 1}}),
            (Actions{evict(1, a[0]), prefetch(7, a[0])}));
}

TEST_F(TflmsTest, TheFirstVersionTakesItsParameters) {
  const Options first = {{"version", 1}, {"n_tensors", 1}};
  EXPECT_EQ(moves(10, first), (Actions{evict(1, a[0]), prefetch(6, a[0])}));
  EXPECT_EQ(moves(10, {{"version", 1}, {"n_tensors", 1}, {"lb", 2}}),
            (Actions{evict(1, a[0]), prefetch(5, a[0])}));
  EXPECT_EQ(moves(10, {{"version", 1}, {"ub", 2}}), Actions{});
}

}  // namespace
}  // namespace octrain::advisor
