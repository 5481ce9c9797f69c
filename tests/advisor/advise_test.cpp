#include "octrain/advisor/advise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "octrain/advisor/check.h"
#include "octrain/advisor/recompute.h"
#include "support/random_training.h"
#include "support/unit_chain.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

AdviceRequest request_of(const Schedule& schedule, const Machine& machine, std::uint64_t budget_bytes) {
  AdviceRequest request{.schedule = schedule, .machine = machine};
  request.budget_bytes = budget_bytes;
  request.search_steps = 50'000;
  return request;
}

Machine machine_with_link(double bytes_per_s) {
  Machine machine = unit_machine();
  machine.link_in_bytes_per_s = machine.link_out_bytes_per_s = bytes_per_s;
  return machine;
}

TEST(Advise, IsNeverWorseThanAnyPolicyOrMethod) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    RandomTraining random(seed);
    const Schedule schedule = random.make();
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t budget = least + (footprint_bytes(schedule) - least) * random.below(4) / 6;
    const Machine machine = machine_with_link(random.below(2) == 0 ? 1e9 : 2e8);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Advice best = advise(request_of(schedule, machine, budget));
    ASSERT_TRUE(best.feasible());
    const CheckReport report = check(schedule, best.plan, budget);
    ASSERT_TRUE(report.ok()) << report.verdicts.front().message;
    for (const Policy& policy : policies()) {
      AdviceRequest named = request_of(schedule, machine, budget);
      named.policy = policy.name;
      named.recompute = "none";
      EXPECT_LE(best.prediction.total_ns, advise(named).prediction.total_ns) << policy.name;
    }
    for (const RecomputeMethod& method : recompute_methods()) {
      AdviceRequest named = request_of(schedule, machine, budget);
      named.policy = "lookahead";
      named.recompute = method.name;
      const Advice other = advise(named);
      ASSERT_TRUE(check(schedule, other.plan, budget).ok()) << method.name;
      EXPECT_LE(best.prediction.total_ns, other.prediction.total_ns) << method.name;
    }
  }
}

TEST(Advise, GivesTheSameAnswerAgain) {
  RandomTraining random(7);
  const Schedule schedule = random.make();
  const Machine machine = machine_with_link(2e8);
  const AdviceRequest request = request_of(schedule, machine, largest_op_bytes(schedule) + 5);
  EXPECT_EQ(advise(request).plan, advise(request).plan);
}

// Ops of 1 ns; a byte over the link takes a second, so anything that moves is far slower than any rerun, and
// the time is the number of op runs. (Two per cent of 45 is less than a run: these are the optima.)
TEST(Advise, RecomputesAsLittleAsCanBeWhereTheLinkIsHopeless) {
  const Machine machine = machine_with_link(1);
  for (const UnitChainOptimum& known : kUnitChainOptima) {
    SCOPED_TRACE("n " + std::to_string(known.n) + " budget " + std::to_string(known.budget));
    const Schedule chain = unit_chain(known.n);
    const Advice advice = advise(request_of(chain, machine, known.budget));
    ASSERT_TRUE(advice.feasible());
    ASSERT_TRUE(check(chain, advice.plan, known.budget).ok());
    EXPECT_LE(static_cast<double>(advice.prediction.total_ns), 1.02 * static_cast<double>(known.runs));
    EXPECT_GE(advice.prediction.total_ns, known.runs);
    EXPECT_EQ(advice.prediction.recompute_ns, advice.prediction.total_ns - chain.ops.size());
    EXPECT_EQ(advice.prediction.in_bytes, 0u);
    EXPECT_EQ(advice.recompute == "none", known.runs == chain.ops.size());
  }
}

TEST(Advise, RecomputesNothingWhereTheLinkKeepsUp) {
  const Schedule chain = unit_chain(6);
  const Machine machine = machine_with_link(0);  // free of cost
  const Advice advice = advise(request_of(chain, machine, 4));
  EXPECT_EQ(advice.prediction.total_ns, 13u);
  EXPECT_EQ(advice.recompute, "none");
}

TEST(Advise, DoesAsItIsTold) {
  const Schedule chain = unit_chain(6);
  const Machine machine = machine_with_link(0);
  AdviceRequest request = request_of(chain, machine, 5);
  request.policy = "lru";
  request.recompute = "sqrt";
  const Advice advice = advise(request);
  EXPECT_EQ(advice.policy, "lru");
  EXPECT_EQ(advice.recompute, "sqrt");
  EXPECT_GT(advice.prediction.recompute_ns, 0u) << "asked for, though moving would have been free";
}

TEST(Advise, TellsWhatTheLargestOpLacks) {
  const Schedule chain = unit_chain(4);
  const Machine machine = unit_machine();
  const Advice advice = advise(request_of(chain, machine, 2));
  EXPECT_FALSE(advice.feasible());
  EXPECT_EQ(advice.shortfall_bytes, 1u);
  EXPECT_TRUE(advice.plan.actions.empty());
}

}  // namespace
}  // namespace octrain::testing
