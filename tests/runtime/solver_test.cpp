#include "octrain/runtime/solver.h"

#include <gtest/gtest.h>

namespace octrain::runtime {
namespace {

using Policy = LearningRate::Policy;

TEST(LearningRate, FollowsCaffesRules) {
  LearningRate rule{.base = 0.1f,
                    .gamma = 0.5f,
                    .power = 2,
                    .step_size = 10,
                    .step_iterations = {5, 15},
                    .max_iterations = 100};
  struct Case {
    Policy policy;
    std::uint64_t iteration;
    double expected;
  };
  for (const auto& [policy, iteration, expected] : {Case{Policy::fixed, 1000, 0.1},
                                                    {Policy::step, 9, 0.1},
                                                    {Policy::step, 10, 0.05},
                                                    {Policy::step, 29, 0.025},
                                                    {Policy::multistep, 4, 0.1},
                                                    {Policy::multistep, 5, 0.05},
                                                    {Policy::multistep, 15, 0.025},
                                                    {Policy::poly, 0, 0.1},
                                                    {Policy::poly, 50, 0.025},
                                                    {Policy::poly, 100, 0},
                                                    {Policy::poly, 200, 0},
                                                    {Policy::exp, 3, 0.0125},
                                                    {Policy::inv, 0, 0.1},
                                                    {Policy::inv, 2, 0.025}}) {
    rule.policy = policy;
    EXPECT_NEAR(learning_rate(rule, iteration), expected, 1e-8)
        << "policy " << static_cast<int>(policy) << " at " << iteration;
  }
}

TEST(LearningRate, SurvivesEmptySteps) {
  LearningRate rule;
  rule.policy = Policy::multistep;
  EXPECT_EQ(learning_rate(rule, 100), rule.base);
  rule.policy = Policy::step;
  rule.step_size = 0;
  EXPECT_EQ(learning_rate(rule, 0), rule.base);
}

TEST(SolverSpec, CountsStates) {
  EXPECT_EQ(SolverSpec{}.state_count(), 1);
  EXPECT_EQ(SolverSpec{.momentum = 0}.state_count(), 0);
  EXPECT_EQ(SolverSpec{.kind = SolverSpec::Kind::adam}.state_count(), 2);
}

}  // namespace
}  // namespace octrain::runtime
