// Every plan of every policy, over random schedules and budgets, holds what it promises.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "octrain/advisor/text_io.h"
#include "support/effort.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

constexpr std::uint32_t kSchedules = cases(2500);

Machine random_machine(std::uint32_t seed) {
  RandomSchedule random(seed);
  Machine machine = unit_machine();
  machine.link_in_bytes_per_s = 0.5e9 * random.below(5);  // 0 is free of cost
  machine.link_out_bytes_per_s = 0.5e9 * random.below(5);
  machine.link_duplex = random.below(2) == 0;
  machine.transfer_latency_ns = random.below(5);
  return machine;
}

/// From the least that can work to more than everything.
std::set<std::uint64_t> budgets(const Schedule& schedule) {
  const std::uint64_t least = largest_op_bytes(schedule);
  const std::uint64_t all = footprint_bytes(schedule);
  return {least, least + (all - least) / 5, least + (all - least) / 2, all + 1};
}

/// Inputs start on the host in every iteration: nobody can avoid bringing them in.
std::uint64_t input_bytes(const Schedule& schedule) {
  std::uint64_t bytes = 0;
  std::vector<bool> seen(schedule.tensors.size(), false);
  for (const Op& op : schedule.ops) {
    for (const TensorId tensor : op.reads) {
      if (!seen[tensor] && !outlives_iteration(schedule.tensors[tensor].role))
        bytes += schedule.tensors[tensor].bytes;
      seen[tensor] = true;
    }
    for (const TensorId tensor : op.writes) seen[tensor] = true;
  }
  return bytes;
}

using Options = std::map<std::string, double, std::less<>>;

/// About half of a policy's options, each with its least or its most or something between.
Options random_options(const Policy& policy, RandomSchedule& random) {
  Options options;
  for (const PolicyOption& option : policy.options) {
    if (random.below(2) == 0) continue;
    options.emplace(option.name, option.least + (option.most - option.least) * random.below(5) / 4);
  }
  return options;
}

void expect_sound(const Schedule& schedule, const Machine& machine, std::uint64_t budget_bytes,
                  const Policy& policy, const Options& options = {}) {
  const PlanRequest request{schedule, machine, budget_bytes, options};
  const PlanResult result = policy.make_plan(request);
  ASSERT_TRUE(result.feasible()) << policy.name;
  EXPECT_EQ(result.plan, policy.make_plan(request).plan) << "the same request, the same plan";
  const CheckReport report = check(schedule, result.plan, budget_bytes);
  ASSERT_TRUE(report.ok()) << policy.name << " under " << budget_bytes << ": "
                           << report.verdicts.front().message;
  EXPECT_LE(report.peak_bytes, budget_bytes);

  const Simulation run = simulate(schedule, result.plan, machine, budget_bytes);
  const std::uint64_t ideal_ns = bounds(schedule, budget_bytes).ideal_ns;
  ASSERT_EQ(run.op_start_ns.size(), schedule.ops.size()) << policy.name << ": the executor would hang";
  EXPECT_EQ(run.compute_ns, ideal_ns);
  EXPECT_EQ(run.total_ns, run.compute_ns + run.stall_ns);
  EXPECT_LE(run.peak_bytes, budget_bytes);
  EXPECT_GE(run.in_bytes, input_bytes(schedule));
  EXPECT_EQ(run.total_ns, simulate(schedule, result.plan, machine, budget_bytes).total_ns);
}

TEST(RandomPlans, EveryPlanOfEveryPolicyPassesTheChecker) {
  for (std::uint32_t seed = 0; seed < kSchedules; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = random_schedule(seed);
    const Machine machine = random_machine(seed);
    for (const std::uint64_t budget_bytes : budgets(schedule)) {
      for (const Policy& policy : policies()) expect_sound(schedule, machine, budget_bytes, policy);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(RandomPlans, WhateverTheOptionsThePlanPassesTheChecker) {
  for (std::uint32_t seed = 0; seed < kSchedules / 5; ++seed) {
    RandomSchedule random(seed);
    const Schedule schedule = random_schedule(seed);
    const Machine machine = random_machine(seed);
    for (const std::uint64_t budget_bytes : budgets(schedule)) {
      for (const Policy& policy : policies()) {
        const Options options = random_options(policy, random);
        if (options.empty()) continue;
        std::string told = "seed " + std::to_string(seed);
        for (const auto& [name, value] : options) told += " " + name + "=" + std::to_string(value);
        SCOPED_TRACE(told);
        expect_sound(schedule, machine, budget_bytes, policy, options);
      }
    }
    if (HasFatalFailure()) return;
  }
}

TEST(RandomPlans, BelowTheLargestOpEveryPolicyNamesTheShortfall) {
  for (std::uint32_t seed = 0; seed < cases(200); ++seed) {
    const Schedule schedule = random_schedule(seed);
    const std::uint64_t least = largest_op_bytes(schedule);
    if (least < 3) continue;
    const Machine machine = unit_machine();
    for (const Policy& policy : policies()) {
      const PlanResult result = policy.make_plan({schedule, machine, least - 3});
      EXPECT_EQ(result.shortfall_bytes, 3u) << policy.name;
      EXPECT_TRUE(result.plan.actions.empty());
    }
  }
}

TEST(RandomPlans, LookaheadMovesNothingButInputsWhenEverythingFits) {
  for (std::uint32_t seed = 0; seed < cases(500); ++seed) {
    const Schedule schedule = random_schedule(seed);
    const Machine machine = unit_machine();
    const std::uint64_t budget_bytes = footprint_bytes(schedule);
    const PlanResult result = find_policy("lookahead")->make_plan({schedule, machine, budget_bytes});
    const Simulation run = simulate(schedule, result.plan, machine, budget_bytes);
    EXPECT_EQ(run.in_bytes, input_bytes(schedule)) << "seed " << seed;
    EXPECT_EQ(run.out_bytes, 0u) << "seed " << seed;
  }
}

TEST(RandomPlans, AutoIsNeverWorseThanANamedPolicy) {
  for (std::uint32_t seed = 0; seed < cases(300); ++seed) {
    const Schedule schedule = random_schedule(seed);
    const Machine machine = random_machine(seed);
    for (const std::uint64_t budget_bytes : budgets(schedule)) {
      const auto total_ns = [&](const Policy& policy) {
        const Plan plan = policy.make_plan({schedule, machine, budget_bytes}).plan;
        return simulate(schedule, plan, machine, budget_bytes).total_ns;
      };
      const std::uint64_t automatic_ns = total_ns(*find_policy("auto"));
      for (const Policy& policy : policies())
        EXPECT_LE(automatic_ns, total_ns(policy)) << policy.name << " " << seed;
    }
  }
}

}  // namespace
}  // namespace octrain::testing
