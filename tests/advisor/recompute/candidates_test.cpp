#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/recompute.h"
#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

/// As of a residual block: op 0 makes x; op 1 (dear) c from x; op 2 n from c, which nobody reads but op 3: it
/// adds n and x to t and saves s beside it; op 4 is the loss; backward op 6 reads t, op 7 s, op 8 c and x. x
/// of 10 bytes, c, n and t of 20, s of 5.
struct CandidatesTest : ::testing::Test {
  CandidatesTest() {
    x = builder.tensor(Role::activation, 10);
    c = builder.tensor(Role::activation, 20);
    n = builder.tensor(Role::activation, 20);
    t = builder.tensor(Role::activation, 20);
    s = builder.tensor(Role::activation, 5);
    l = builder.tensor(Role::activation, 1);
    builder.op({}, {x}, 30);
    builder.op({x}, {c}, 400);
    builder.op({c}, {n}, 40);
    builder.op({n, x}, {t, s}, 50);
    builder.op({t}, {l}, 1);
    builder.op({l}, {}, 2, 0, Phase::backward);
    builder.op({t}, {}, 3, 0, Phase::backward);
    builder.op({s}, {}, 4, 0, Phase::backward);
    builder.op({c, x}, {}, 5, 0, Phase::backward);
  }

  ScheduleBuilder builder;
  TensorId x, c, n, t, s, l;
};

TEST_F(CandidatesTest, EachTensorWithWhatMakesItAgain) {
  const std::vector<RecomputeCandidate> candidates = recompute_candidates(builder.schedule());
  ASSERT_EQ(candidates.size(), 4u);
  const auto of = [&](TensorId tensor) {
    return *std::find_if(candidates.begin(), candidates.end(),
                         [&](const auto& k) { return k.tensor == tensor; });
  };
  // t: from n and x; n is dead by then, so op 2 first. s goes with it, as op 3 makes it again before it is
  // read.
  EXPECT_EQ(of(t).ops, (std::vector<OpIndex>{2, 3}));
  EXPECT_EQ(of(t).release, 4u);
  EXPECT_EQ(of(t).before, 6u);
  EXPECT_EQ(of(t).ns, 90u);
  EXPECT_EQ(of(t).bytes, 25u);
  EXPECT_EQ(of(t).gap_ns, 2u);
  // s by itself: t is read before s is made again, and stays.
  EXPECT_EQ(of(s).before, 7u);
  EXPECT_EQ(of(s).bytes, 5u);
  EXPECT_EQ(of(s).gap_ns, 1u + 2u + 3u);
  EXPECT_EQ(of(c).ops, (std::vector<OpIndex>{1}));
  EXPECT_EQ(of(c).gap_ns, 50u + 1u + 2u + 3u + 4u);
  EXPECT_EQ(of(x).ops, (std::vector<OpIndex>{0}));
  // By bytes × gap ÷ time: c 20 × 60 / 400, x 10 × 10 / 30, t 25 × 2 / 90, s 5 × 6 / 90.
  EXPECT_EQ(candidates[0].tensor, x);
  EXPECT_EQ(candidates[1].tensor, c);
  EXPECT_EQ(candidates[2].tensor, t);
  EXPECT_EQ(candidates[3].tensor, s);
}

TEST_F(CandidatesTest, NoneWhereAnInputIsGone) {
  Schedule schedule = builder.schedule();
  schedule.ops[2].reads.push_back(
      n);  // n in place of what was there: it cannot be made again, and dies at op 3
  for (const RecomputeCandidate& candidate : recompute_candidates(schedule)) {
    EXPECT_NE(candidate.tensor, t);
    EXPECT_NE(candidate.tensor, s);
  }
}

TEST(Candidates, AreFoundFastInLongSchedules) {
  ScheduleBuilder builder;
  constexpr int kOps = 20'000;
  std::vector<TensorId> made;
  for (int i = 0; i < kOps; ++i) {
    made.push_back(builder.tensor(Role::activation, 8));
    builder.op(i == 0 ? std::vector<TensorId>{} : std::vector{made[made.size() - 2]}, {made.back()}, 1);
  }
  for (std::size_t i = made.size(); i-- > 0;) builder.op({made[i]}, {}, 1, 0, Phase::backward);
  EXPECT_EQ(recompute_candidates(builder.schedule()).size(), std::size_t{kOps} - 1);
  const Machine machine = testing::unit_machine();
  for (const RecomputeMethod& method : recompute_methods()) {
    const std::vector<Rerun> reruns =
        method.choose({builder.schedule(), machine, 1000}, recomputable(builder.schedule()));
    EXPECT_EQ(reruns.empty(), method.name == "none") << method.name;
  }
}

}  // namespace
}  // namespace octrain::advisor
