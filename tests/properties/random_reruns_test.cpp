// Recomputation over random schedules: whatever is valid to rerun, any policy can plan for, and the folded
// plan is the same plan.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/recompute.h"
#include "octrain/advisor/simulate.h"
#include "support/effort.h"
#include "support/random_schedule.h"
#include "support/random_training.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

std::vector<Rerun> random_reruns(const Schedule& schedule, RandomSchedule& random) {
  const std::vector<OpIndex> last = last_reruns(schedule);
  std::vector<Rerun> reruns;
  for (std::uint32_t i = random.below(8); i > 0; --i) {
    const OpIndex op = random.below(static_cast<std::uint32_t>(last.size()));
    if (last[op] > op) reruns.push_back({op + 1 + random.below(last[op] - op), op});
  }
  return reruns;
}

void expect_same_plan(const Schedule& schedule, const ExpandedSchedule& expanded, const Policy& policy,
                      std::uint64_t budget_bytes, std::uint64_t rerun_ns) {
  const Machine machine = unit_machine();
  const PlanResult result = policy.make_plan({expanded.schedule, machine, budget_bytes});
  ASSERT_TRUE(result.feasible());
  const CheckReport report = check(expanded.schedule, result.plan, budget_bytes);
  ASSERT_TRUE(report.ok()) << report.verdicts.front().message;
  const Plan folded = fold(result.plan, expanded);
  const CheckReport folded_report = check(schedule, folded, budget_bytes);
  ASSERT_TRUE(folded_report.ok()) << policy.name << ": " << folded_report.verdicts.front().message;
  EXPECT_EQ(folded_report.peak_bytes, report.peak_bytes);

  const Simulation run = simulate(expanded.schedule, result.plan, machine, budget_bytes);
  const Simulation folded_run = simulate(schedule, folded, machine, budget_bytes);
  EXPECT_EQ(folded_run.op_start_ns.size(), schedule.ops.size()) << "the executor would hang";
  EXPECT_EQ(folded_run.recompute_ns, rerun_ns);
  EXPECT_EQ(folded_run.compute_ns + rerun_ns, run.compute_ns);
  EXPECT_EQ(folded_run.total_ns, run.total_ns);
  EXPECT_EQ(folded_run.in_bytes, run.in_bytes);
  EXPECT_EQ(folded_run.out_bytes, run.out_bytes);
  EXPECT_EQ(folded_run.peak_bytes, run.peak_bytes);
}

void expect_sound(const Schedule& schedule, const std::vector<Rerun>& reruns) {
  const std::vector<OpIndex> last = last_reruns(schedule);
  std::uint64_t rerun_ns = 0;
  for (const Rerun& rerun : reruns) {
    ASSERT_LT(rerun.op, rerun.before);
    ASSERT_LE(rerun.before, last[rerun.op]);
    rerun_ns += schedule.ops[rerun.op].time_ns;
  }
  const ExpandedSchedule expanded = expand(schedule, reruns);
  const std::uint64_t least = largest_op_bytes(expanded.schedule);
  const std::uint64_t all = footprint_bytes(schedule);
  for (const std::uint64_t budget_bytes : {least, least + (all - least) / 4, all}) {
    for (const Policy& policy : policies())
      expect_same_plan(schedule, expanded, policy, budget_bytes, rerun_ns);
  }
  const Plan kept = keep_plan(expanded.schedule);
  const std::uint64_t peak = peak_live_bytes(expanded.schedule);
  const CheckReport report = check(schedule, fold(kept, expanded), peak);
  EXPECT_TRUE(report.ok()) << report.verdicts.front().message;
  EXPECT_LE(report.peak_bytes, peak);
}

TEST(RandomReruns, AnyValidSetFoldsBackToTheSamePlan) {
  std::size_t reruns_seen = 0;
  for (std::uint32_t seed = 0; seed < cases(1000); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSchedule random(seed + 1);
    const Schedule schedule = seed % 2 == 0 ? random_schedule(seed) : random_training(seed);
    const std::vector<Rerun> reruns = random_reruns(schedule, random);
    reruns_seen += reruns.size();
    expect_sound(schedule, reruns);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(reruns_seen, cases(1000));
}

TEST(RandomReruns, EveryMethodChoosesValidReruns) {
  for (std::uint32_t seed = 0; seed < cases(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = seed % 3 == 0 ? random_schedule(seed) : random_training(seed);
    const Machine machine = unit_machine();
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t budget_bytes = least + (peak_live_bytes(schedule) - least) / 2;
    for (const RecomputeMethod& method : recompute_methods()) {
      SCOPED_TRACE(method.name);
      PlanRequest request{schedule, machine, budget_bytes};
      if (method.name != "none" && seed % 2 == 0) request.options["dear_ratio"] = 1e6;  // nothing is dear
      const std::vector<Rerun> reruns = method.choose(request, recomputable(schedule));
      expect_sound(schedule, reruns);
      EXPECT_EQ(reruns, method.choose(request, recomputable(schedule)))
          << "the same request, the same answer";
      if (HasFatalFailure()) return;
    }
  }
}

/// Does nobody read the tensor's contents from `op` on?
bool dead_at(const Schedule& schedule, TensorId tensor, OpIndex op) {
  const auto has = [&](const std::vector<TensorId>& ids) {
    return std::find(ids.begin(), ids.end(), tensor) != ids.end();
  };
  for (; op < schedule.ops.size(); ++op) {
    if (has(schedule.ops[op].reads)) return false;
    if (has(schedule.ops[op].writes)) return true;
  }
  return true;
}

TEST(RandomReruns, MethodsDropOnlyWhatTheyMay) {
  std::size_t seen = 0;
  for (std::uint32_t seed = 0; seed < cases(200); ++seed) {
    const Schedule schedule = random_training(seed);
    const Machine machine = unit_machine();
    RandomSchedule random(seed);
    TensorSet may_drop = recomputable(schedule);
    for (std::size_t tensor = 0; tensor < may_drop.size(); ++tensor)
      may_drop[tensor] = may_drop[tensor] && random.below(2) == 0;
    PlanRequest request{schedule, machine, largest_op_bytes(schedule)};
    request.options["dear_ratio"] = 1e6;
    for (const RecomputeMethod& method : recompute_methods()) {
      EXPECT_TRUE(method.choose(request, TensorSet(may_drop.size(), false)).empty())
          << method.name << " " << seed;
      for (const Rerun& rerun : method.choose(request, may_drop)) {
        ++seen;
        // An op runs again for what may be dropped, or for what is dead by then anyway.
        const auto& writes = schedule.ops[rerun.op].writes;
        const bool wanted = std::any_of(writes.begin(), writes.end(), [&](TensorId tensor) {
          return may_drop[tensor] || dead_at(schedule, tensor, rerun.before);
        });
        EXPECT_TRUE(wanted) << method.name << " seed " << seed << " op " << rerun.op;
      }
    }
  }
  EXPECT_GT(seen, 100u);
}

TEST(RandomReruns, EveryCandidateIsValidByItself) {
  std::size_t seen = 0, exact = 0;
  for (std::uint32_t seed = 0; seed < cases(100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = random_training(seed);
    double last_profit = std::numeric_limits<double>::infinity();
    for (const RecomputeCandidate& candidate : recompute_candidates(schedule)) {
      std::vector<Rerun> reruns;
      for (const OpIndex op : candidate.ops) reruns.push_back({candidate.before, op});
      expect_sound(schedule, reruns);
      if (HasFatalFailure()) return;
      // Throughout the gap that many bytes are off the device: more where an op writes what is not read as
      // long.
      const ExpandedSchedule expanded = expand(schedule, reruns);
      const std::vector<std::uint64_t> plain = live_bytes(schedule), now = live_bytes(expanded.schedule);
      for (OpIndex op = candidate.release + 1; op < candidate.before; ++op) {
        ++seen;
        EXPECT_GE(plain[op], now[op] + candidate.bytes) << "tensor " << candidate.tensor << " at op " << op;
        exact += plain[op] == now[op] + candidate.bytes;
      }
      EXPECT_LE(candidate.profit(), last_profit);
      last_profit = candidate.profit();
    }
  }
  EXPECT_GT(exact, seen / 2);
  EXPECT_GT(seen, 500u);
}

}  // namespace
}  // namespace octrain::testing
