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
    const auto op = [&](std::vector<TensorId> reads, std::vector<TensorId> writes, Phase phase,
                        std::uint64_t workspace_bytes = 0) {
      builder_.op(std::move(reads), std::move(writes), 10, workspace_bytes, phase);
    };
    op({}, {p_}, Phase::forward);
    op({}, {q_}, Phase::forward);
    op({}, {}, Phase::forward);
    op({}, {}, Phase::backward);
    op({}, {}, Phase::backward, 30);
    op({}, {}, Phase::backward);
    op({p_}, {}, Phase::backward);
    op({q_}, {}, Phase::backward);
    op({}, {}, Phase::backward);
  }
  [[nodiscard]] const Schedule& schedule() const { return builder_.schedule(); }
  [[nodiscard]] GapTable table() const { return list_gaps(schedule(), Liveness(schedule())); }
  [[nodiscard]] Pace pace() const { return {schedule(), machine_}; }
  [[nodiscard]] Absences early(std::uint64_t budget_bytes) const {
    return return_as_early_as_possible(schedule(), Liveness(schedule()), table(), {kP, kQ}, budget_bytes);
  }

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

TEST_F(SwapIn, AsEarlyAsMemoryAllowsInTheBackwardPass) {
  EXPECT_EQ(early(65), (Absences{{kP, 3}, {kQ, 3}}));
  EXPECT_EQ(early(64), (Absences{{kP, 3}, {kQ, 5}})) << "beside p and op 4's workspace 19 bytes are left";
  EXPECT_EQ(early(35), (Absences{{kP, 5}, {kQ, 5}}));
  EXPECT_EQ(early(34), (Absences{{kP, 5}, {kQ, 7}}));
}

TEST_F(SwapIn, OnDemandAtTheOpThatNeedsIt) {
  EXPECT_EQ(return_at_need(table(), {kQ, kP}), (Absences{{kQ, 7}, {kP, 6}}));
}

}  // namespace
}  // namespace octrain::advisor
