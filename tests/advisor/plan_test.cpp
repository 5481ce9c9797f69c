#include "octrain/advisor/plan.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/schedule_builder.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

TEST(PlanIndex, WhatLeavesGoesBeforeWhatComesWhateverTheOrderOfTheList) {
  const PlanIndex index({{prefetch(1, 7), evict(0, 3), discard(0, 4)}}, 2);
  EXPECT_EQ(index.after[0], (std::vector<Action>{evict(0, 3), discard(0, 4)}));
  EXPECT_EQ(index.before[1], (std::vector<Action>{prefetch(1, 7)}));
}

TEST(PlanIndex, ARecomputeOpensANewGroupOfItsBoundary) {
  const PlanIndex index({{evict(0, 3), recompute(1, 0), prefetch(1, 7), discard(0, 4), evict(0, 5),
                          recompute(1, 0), evict(0, 6), evict(1, 8)}},
                        2);
  EXPECT_EQ(index.after[0], (std::vector<Action>{evict(0, 3)}));
  EXPECT_EQ(index.before[1], (std::vector<Action>{recompute(1, 0), discard(0, 4), evict(0, 5), prefetch(1, 7),
                                                  recompute(1, 0), evict(0, 6)}));
  EXPECT_EQ(index.after[1], (std::vector<Action>{evict(1, 8)}));
}

}  // namespace
}  // namespace octrain::testing
