#include "octrain/advisor/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::discard;
using testing::evict;
using ::testing::HasSubstr;
using testing::prefetch;
using testing::recompute;
using testing::ScheduleBuilder;

/// op 0: x → a; op 1: a → b; op 2: b, w → c; op 3: a, c → (nothing); w is a weight, x an input; all of 10
/// bytes.
struct CheckTest : ::testing::Test {
  CheckTest() {
    x = builder.tensor(Role::input, 10);
    a = builder.tensor(Role::activation, 10);
    b = builder.tensor(Role::activation, 10);
    w = builder.tensor(Role::weight, 10);
    c = builder.tensor(Role::activation, 10);
    builder.op({x}, {a});
    builder.op({a}, {b});
    builder.op({b, w}, {c}, 10, 2);
    builder.op({a, c}, {});
  }

  /// a leaves while it is not used: 32 bytes suffice.
  std::vector<Action> good() const {
    return {prefetch(0, x), discard(0, x),  evict(1, a),   prefetch(2, w), evict(2, w),
            discard(2, b),  prefetch(3, a), discard(3, a), discard(3, c)};
  }
  static std::vector<Action> without(std::vector<Action> actions, const Action& gone) {
    std::erase(actions, gone);
    return actions;
  }
  static std::vector<Action> with(std::vector<Action> actions, const Action& added) {
    actions.push_back(added);
    return actions;
  }
  CheckReport judge(const std::vector<Action>& actions, std::uint64_t budget_bytes = 32) const {
    return check(builder.schedule(), {actions}, budget_bytes);
  }
  void expect(const std::vector<Action>& actions, Defect defect, OpIndex op, std::uint32_t target,
              std::uint64_t budget_bytes = 1000) const {
    const CheckReport report = judge(actions, budget_bytes);
    ASSERT_FALSE(report.ok());
    const Verdict& verdict = report.verdicts.front();
    EXPECT_EQ(to_string(verdict.defect), to_string(defect)) << verdict.message;
    EXPECT_EQ(verdict.op, op) << verdict.message;
    EXPECT_EQ(verdict.target, target) << verdict.message;
  }

  ScheduleBuilder builder;
  TensorId x, a, b, w, c;
};

TEST_F(CheckTest, AGoodPlanPassesAndTellsItsPeak) {
  const CheckReport report = judge(good());
  EXPECT_TRUE(report.ok()) << report.verdicts.front().message;
  EXPECT_EQ(report.peak_bytes, 32u);
}

TEST_F(CheckTest, OverBudgetNamesTheOpAndTheBytes) {
  const CheckReport report = judge(good(), 25);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.verdicts.front().defect, Defect::over_budget);
  EXPECT_EQ(report.verdicts.front().op, 2u);
  EXPECT_EQ(report.verdicts.front().excess_bytes, 7u);
  EXPECT_THAT(report.verdicts.front().message, HasSubstr("by 7 bytes"));
}

TEST_F(CheckTest, APrefetchMustFitToo) {
  expect(with(with(good(), prefetch(1, w)), prefetch(1, x)), Defect::over_budget, 1, x, 25);
}

TEST_F(CheckTest, ReadsOfWhatNeverCame) {
  expect(without(good(), prefetch(2, w)), Defect::reads_not_resident, 2, w);
  expect(without(good(), prefetch(3, a)), Defect::reads_not_resident, 3, a);
  expect(without(good(), prefetch(0, x)), Defect::reads_not_resident, 0, x);
}

TEST_F(CheckTest, ReadsOfWhatIsDead) {
  expect(with(good(), discard(0, a)), Defect::discard_of_live, 0, a);
  const CheckReport report = judge(with(good(), discard(0, a)));
  ASSERT_GE(report.verdicts.size(), 2u);
  EXPECT_EQ(report.verdicts[1].defect, Defect::reads_discarded);
}

TEST_F(CheckTest, EvictOfWhatIsGone) { expect(with(good(), evict(1, x)), Defect::evict_not_resident, 1, x); }

TEST_F(CheckTest, AWeightIsNeverDead) { expect(with(good(), discard(3, w)), Defect::discard_of_live, 3, w); }

TEST_F(CheckTest, DiscardOfDeadContentsThatAreNotResidentIsAllowed) {
  EXPECT_TRUE(judge(with(good(), discard(3, b))).ok());
}

TEST_F(CheckTest, PrefetchOfResidentIsATouchAndOfDeadAReservation) {
  EXPECT_TRUE(judge(with(good(), prefetch(1, a))).ok());
  EXPECT_TRUE(judge(with(good(), prefetch(0, a))).ok());
  expect(with(with(good(), prefetch(3, x)), prefetch(3, b)), Defect::over_budget, 3, b, 32);
}

TEST_F(CheckTest, AResidentLeftoverInputDoesNotHoldTheNextBatch) {
  const CheckReport report = judge(without(good(), discard(0, x)), 1000);
  ASSERT_EQ(report.verdicts.size(), 1u);
  EXPECT_EQ(report.verdicts.front().defect, Defect::reads_not_resident);
  EXPECT_EQ(report.verdicts.front().target, x);
  EXPECT_FALSE(report.verdicts.front().first_iteration);
}

TEST_F(CheckTest, DirtyContentsSurviveAnEvictionAndACleanCopyStays) {
  std::vector<Action> actions = good();
  for (const Action& action : {prefetch(1, w), evict(1, w), prefetch(2, w)}) actions.push_back(action);
  EXPECT_TRUE(judge(actions, 1000).ok());
}

TEST_F(CheckTest, RecomputeNeedsItsInputs) {
  // b dies after op 2 and is made again from a, which is back by then.
  EXPECT_TRUE(judge({prefetch(0, x), discard(0, x), prefetch(2, w), evict(2, w), discard(2, b),
                     recompute(3, 1), discard(3, a), discard(3, b), discard(3, c)},
                    1000)
                  .ok());
  expect(with(good(), recompute(2, 1)), Defect::recompute_without_inputs, 2, 1);
  expect(with(good(), recompute(1, 0)), Defect::discard_of_live, 0, x);
}

TEST_F(CheckTest, DiscardOfWhatIsRecomputedBeforeItsReaderIsSound) {
  EXPECT_TRUE(judge({prefetch(0, x), discard(1, a), prefetch(2, w), evict(2, w), discard(2, b),
                     recompute(3, 0), discard(3, x), discard(3, a), discard(3, c)},
                    1000)
                  .ok());
}

TEST_F(CheckTest, EveryDefectHasAName) {
  EXPECT_EQ(to_string(Defect::reads_discarded), "reads_discarded");
  EXPECT_EQ(to_string(Defect::unknown_op), "unknown_op");
}

TEST(CheckRecompute, WhatChangesTheNumbersIsRefused) {
  ScheduleBuilder builder;
  const TensorId w = builder.tensor(Role::weight, 1);
  const TensorId a = builder.tensor(Role::activation, 1);
  const OpIndex forward = builder.op({w}, {a});
  const OpIndex in_place = builder.op({a}, {a});
  const OpIndex update = builder.op({a, w}, {w}, 1, 0, Phase::update);
  builder.op({a}, {});
  const auto first = [&](const Action& action) {
    return check(builder.schedule(), {{prefetch(0, w), action, discard(3, a)}}, 100).verdicts.at(0).defect;
  };
  EXPECT_EQ(first(recompute(3, update)), Defect::recompute_of_update);
  EXPECT_EQ(first(recompute(2, in_place)), Defect::recompute_of_update);
  EXPECT_EQ(first(recompute(2, forward)), Defect::reads_discarded) << "op 2 wants what the in-place op left";
  EXPECT_EQ(first(recompute(3, forward)), Defect::recompute_without_inputs) << "the weight has moved on";
}

TEST(Check, LeftoversShowInTheSecondIterationOnly) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 10);
  const TensorId b = builder.tensor(Role::activation, 20);
  builder.op({}, {a});
  builder.op({}, {b});
  EXPECT_TRUE(check(builder.schedule(), {{discard(0, a), discard(1, b)}}, 25).ok());
  const CheckReport report = check(builder.schedule(), {{discard(0, a)}}, 25);
  ASSERT_EQ(report.verdicts.size(), 1u);
  EXPECT_EQ(report.verdicts.front().defect, Defect::over_budget);
  EXPECT_EQ(report.verdicts.front().op, 0u) << "b is still there";
  EXPECT_EQ(report.verdicts.front().excess_bytes, 5u);
  EXPECT_FALSE(report.verdicts.front().first_iteration);
}

TEST(Check, AnEmptyScheduleHasNoDefect) { EXPECT_TRUE(check({}, {}, 0).ok()); }

}  // namespace
}  // namespace octrain::advisor
