// Every switch of every policy, at either end of its range: the plan still passes the checker.
#include <gtest/gtest.h>

#include <string>

#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "support/effort.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

TEST(PolicyOptions, AtEitherEndThePlanPassesTheChecker) {
  for (std::uint32_t seed = 0; seed < cases(400); ++seed) {
    const Schedule schedule = random_schedule(seed);
    const std::uint64_t least = largest_op_bytes(schedule);
    const Machine machine = unit_machine();
    for (const std::uint64_t budget_bytes : {least, (least + footprint_bytes(schedule)) / 2}) {
      for (const Policy& policy : policies()) {
        for (const PolicyOption& option : policy.options) {
          EXPECT_LE(option.least, option.value) << option.name;
          EXPECT_LE(option.value, option.most) << option.name;
          for (const double value : {option.least, option.most}) {
            const PlanRequest request{schedule, machine, budget_bytes, {{std::string(option.name), value}}};
            const PlanResult result = policy.make_plan(request);
            const CheckReport report = check(schedule, result.plan, budget_bytes);
            ASSERT_TRUE(result.feasible() && report.ok())
                << policy.name << " with " << option.name << " " << value << ", seed " << seed << ": "
                << (report.ok() ? "" : report.verdicts.front().message);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace octrain::testing
