#include "policies/swap_in.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;
using Absences = std::vector<Absence>;

/// Nine ops of 10 ns; p (15 bytes) is away from 10 to 60, q (20 bytes) from 20 to 70. Ops 3 to 8 are
/// backward.
class SwapIn : public ::testing::Test {
 protected:
  SwapIn() {
    p_ = builder_.tensor(Role::activation, 15);
    q_ = builder_.tensor(Role::activation, 20);
    const auto op = [&](std::vector<TensorId> reads, std::vector<TensorId> writes, Phase phase) {
      builder_.op(std::move(reads), std::move(writes), 10, 0, phase);
    };
    op({}, {p_}, Phase::forward);
    op({}, {q_}, Phase::forward);
    op({}, {}, Phase::forward);
    op({}, {}, Phase::backward);
    op({}, {}, Phase::backward);
    op({}, {}, Phase::backward);
    op({p_}, {}, Phase::backward);
    op({q_}, {}, Phase::backward);
    op({}, {}, Phase::backward);
  }
  [[nodiscard]] const Schedule& schedule() const { return builder_.schedule(); }
  [[nodiscard]] GapTable table() const { return list_gaps(schedule(), Liveness(schedule())); }
  [[nodiscard]] Pace pace() const { return {schedule(), machine_}; }

  static constexpr std::size_t kP = 1, kQ = 3;  // gaps: p's birth and pause, q's birth and pause
  ScheduleBuilder builder_;
  Machine machine_ = testing::unit_machine();
  TensorId p_ = 0, q_ = 0;
};

TEST_F(SwapIn, AsLateAsTheLinkAllows) {
  // q must start at 70 - 20 = 50; p must be in by then, so it starts at 35, within op 3. Alone it could wait
  // until 60 - 15 = 45, within op 4.
  EXPECT_EQ(return_as_late_as_possible(schedule(), table(), pace(), {kQ, kP}), (Absences{{kP, 3}, {kQ, 5}}));
  EXPECT_EQ(return_as_late_as_possible(schedule(), table(), pace(), {kP}), (Absences{{kP, 4}}));
}

TEST_F(SwapIn, NotBeforeItHasLeft) {
  machine_.link_in_bytes_per_s = 0.1e9;  // 150 and 200 ns
  EXPECT_EQ(return_as_late_as_possible(schedule(), table(), pace(), {kP, kQ}), (Absences{{kP, 1}, {kQ, 2}}));
  EXPECT_EQ(return_on_trigger(schedule(), table(), pace(), {kP, kQ}, {0, 0}), (Absences{{kP, 1}, {kQ, 2}}));
}

TEST_F(SwapIn, OnATriggerThatLooksAtItsTensorAlone) {
  EXPECT_EQ(return_on_trigger(schedule(), table(), pace(), {kP, kQ}, {0, 0}), (Absences{{kP, 4}, {kQ, 5}}));
  // 6 ns earlier: 39, within op 3; 1 ns earlier than 50 is within op 4.
  EXPECT_EQ(return_on_trigger(schedule(), table(), pace(), {kP, kQ}, {6, 1}), (Absences{{kP, 3}, {kQ, 4}}));
}

TEST_F(SwapIn, WhatAnOpWaitedForIsTriggeredEarlier) {
  using Times = std::vector<std::uint64_t>;
  const auto ahead_ns = [&](Times ahead, std::uint64_t p_waited_ns, std::uint64_t q_waited_ns) {
    trigger_earlier(schedule(), table(), pace(), {kP, kQ}, {0, 0, 0, 0, 0, 0, p_waited_ns, q_waited_ns, 0},
                    ahead);
    return ahead;
  };
  // p starts at 45, within op 4, and q at 50, before p is there: it was in time only because op 6 waited.
  // 4 ns move neither to another access; to the one before it is 15 for p and 10 for q.
  EXPECT_EQ(ahead_ns({0, 0}, 4, 0), (Times{15, 10}));
  EXPECT_EQ(ahead_ns({0, 0}, 12, 0), (Times{15, 12}));
  EXPECT_EQ(ahead_ns({0, 0}, 12, 5), (Times{15, 17}));
  EXPECT_EQ(ahead_ns({0, 0}, 0, 4), (Times{0, 10}));
  EXPECT_EQ(ahead_ns({35, 0}, 4, 0), (Times{35, 0})) << "p left before op 1, and q's link is free";
  // Ten times as fast, p travels from 58 to 60 and q from 68: the link pauses, and q owes nothing.
  machine_.link_in_bytes_per_s = 10e9;
  EXPECT_EQ(ahead_ns({0, 0}, 20, 0), (Times{20, 0}));
}

TEST_F(SwapIn, AsEarlyAsCanBe) {
  EXPECT_EQ(return_as_early_as_possible(schedule(), table(), {kQ, kP}), (Absences{{kQ, 3}, {kP, 3}}))
      << "what the backward pass needs, from its beginning";
  ScheduleBuilder forward;
  const TensorId input = forward.tensor(Role::input, 1);
  forward.op({}, {});
  forward.op({input}, {});
  forward.op({}, {});
  forward.op({input}, {});
  const GapTable gaps = list_gaps(forward.schedule(), Liveness(forward.schedule()));
  EXPECT_EQ(return_as_early_as_possible(forward.schedule(), gaps, {0, 1}), (Absences{{0, 0}, {1, 2}}));
}

TEST_F(SwapIn, OnDemandAtTheOpThatNeedsIt) {
  EXPECT_EQ(return_at_need(table(), {kQ, kP}), (Absences{{kQ, 7}, {kP, 6}}));
}

}  // namespace
}  // namespace octrain::advisor
