#include <gtest/gtest.h>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/recompute.h"
#include "recompute/chain.h"
#include "recompute/exact.h"
#include "recompute/op_cost.h"
#include "support/random_training.h"
#include "support/unit_chain.h"

namespace octrain::advisor {
namespace {

/// How many ops run in a plan that keeps everything within the budget; 0 if the checker refuses it.
std::size_t runs_within(const Schedule& schedule, const std::vector<Rerun>& reruns,
                        std::uint64_t budget_bytes) {
  const ExpandedSchedule expanded = expand(schedule, reruns);
  const Plan plan = fold(keep_plan(expanded.schedule), expanded);
  return check(schedule, plan, budget_bytes).ok() ? expanded.origin.size() : 0;
}

TensorSet all(const Schedule& schedule) { return TensorSet(schedule.tensors.size(), true); }

std::vector<Stage> stages_of(const PassValues& values, const Schedule& schedule) {
  const FixedBytes fixed(values.lineage, values.drop, values.drop);
  const Pass& pass = values.passes.front();
  return list_stages(values, fixed, pass, choose_cuts(list_cuts(values, pass), schedule.ops.size()),
                     {dear_ops(values.lineage, 6)});
}

TEST(Optimal, ReachesTheKnownOptimaOfUnitChains) {
  const Machine machine = testing::unit_machine();
  for (const testing::UnitChainOptimum& known : testing::kUnitChainOptima) {
    const Schedule schedule = testing::unit_chain(known.n);
    const std::vector<Rerun> reruns =
        find_recompute_method("optimal")->choose({schedule, machine, known.budget}, recomputable(schedule));
    EXPECT_EQ(runs_within(schedule, reruns, known.budget), known.runs)
        << "n " << known.n << " budget " << known.budget;
  }
}

TEST(Optimal, TheChainsProgramReachesThemToo) {
  for (const testing::UnitChainOptimum& known : testing::kUnitChainOptima) {
    const Schedule schedule = testing::unit_chain(known.n);
    const Lineage lineage(schedule);
    const PassValues values(lineage, all(schedule));
    const std::vector<Stage> stages = stages_of(values, schedule);
    EXPECT_EQ(stages.size(), static_cast<std::size_t>(known.n));
    const ChainPlan plan(stages, known.budget, known.budget);
    EXPECT_EQ(runs_within(schedule, plan.reruns(known.budget), known.budget), known.runs)
        << "n " << known.n << " budget " << known.budget;
  }
}

TEST(Optimal, TwoTensorsAreTooFewForAChain) {
  const Schedule schedule = testing::unit_chain(4);
  const Lineage lineage(schedule);
  const PassValues values(lineage, all(schedule));
  EXPECT_FALSE(ExactSearch(values, values.passes.front()).search(2).has_value());
  EXPECT_FALSE(ChainPlan(stages_of(values, schedule), 2, 2).feasible(2));
  const Machine machine = testing::unit_machine();
  const std::vector<Rerun> reruns =
      find_recompute_method("optimal")->choose({schedule, machine, 2}, recomputable(schedule));
  EXPECT_EQ(peak_live_bytes(expand(schedule, reruns).schedule), 3u)
      << "the least there is, though it is not enough";
}

TEST(Optimal, RerunsNothingWhenEverythingFits) {
  const Schedule schedule = testing::unit_chain(30);
  const Machine machine = testing::unit_machine();
  EXPECT_TRUE(
      find_recompute_method("optimal")->choose({schedule, machine, 32}, recomputable(schedule)).empty());
  EXPECT_FALSE(
      find_recompute_method("optimal")->choose({schedule, machine, 31}, recomputable(schedule)).empty());
}

TEST(Optimal, CountsWhatOpsCostAndTensorsTake) {
  // Two forward tensors of the same size, 3 bytes, one made in 5 ns and one in 50: the cheap one is made
  // again. a and b are made from nothing; c, of 4 bytes and not needed later, does not fit beside both.
  testing::ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 3);
  const TensorId b = builder.tensor(Role::activation, 3);
  const TensorId c = builder.tensor(Role::activation, 4);
  builder.op({}, {a}, 50);
  builder.op({}, {b}, 5);
  builder.op({}, {c}, 1);
  builder.op({a, b}, {}, 1, 0, Phase::backward);
  const Machine machine = testing::unit_machine();
  const auto choose = [&](std::uint64_t budget_bytes) {
    return find_recompute_method("optimal")->choose({builder.schedule(), machine, budget_bytes},
                                                    recomputable(builder.schedule()));
  };
  EXPECT_EQ(choose(9), (std::vector<Rerun>{{3, 1}}));
  EXPECT_TRUE(choose(10).empty());
  EXPECT_EQ(choose(6).size(), 2u) << "beside c there is room for neither";
}

/// Every set of at most two reruns, by brute force: none that fits is cheaper than what the search found.
TEST(Optimal, NoPairOfRerunsBeatsTheSearch) {
  std::size_t improved = 0, searched = 0;
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    testing::RandomTraining random(seed);
    const Schedule schedule = random.make(6, 1);
    const Lineage lineage(schedule);
    const PassValues values(lineage, all(schedule));
    const ExactSearch exact(values, values.passes.front());
    if (values.passes.size() != 1 || !exact.possible()) continue;
    const std::uint64_t least = largest_op_bytes(schedule), most = peak_live_bytes(schedule);
    const std::uint64_t budget_bytes = least + (most - least) / 2;
    const auto cost = [&](const std::vector<Rerun>& reruns) {
      std::uint64_t ns = 0;
      for (const Rerun& rerun : reruns) ns += schedule.ops[rerun.op].time_ns;
      return peak_live_bytes(expand(schedule, reruns).schedule) <= budget_bytes ? ns : ~std::uint64_t{0};
    };
    const auto found = exact.search(budget_bytes);
    const std::uint64_t best = found ? cost(*found) : ~std::uint64_t{0};
    if (found) {
      EXPECT_NE(best, ~std::uint64_t{0}) << "seed " << seed << ": what it found does not fit";
      improved += best > 0;
    }
    ++searched;
    std::vector<Rerun> valid;
    for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
      if (schedule.ops[op].phase != Phase::forward) continue;
      for (OpIndex before = op + 1; before <= lineage.last_rerun[op]; ++before) valid.push_back({before, op});
    }
    for (std::size_t i = 0; i < valid.size(); ++i) {
      EXPECT_LE(best, cost({valid[i]})) << "seed " << seed;
      for (std::size_t j = 0; j < valid.size(); j += 1 + valid.size() / 16)
        EXPECT_LE(best, cost({valid[i], valid[j]})) << "seed " << seed;
    }
  }
  EXPECT_GT(searched, 200u);
  EXPECT_GT(improved, 30u);
}

TEST(Optimal, TheSearchIsNeverWorseThanAnotherMethodThatFits) {
  const Machine machine = testing::unit_machine();
  std::size_t compared = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Schedule schedule = testing::RandomTraining(seed).make(10, 1);
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t budget_bytes = least + (peak_live_bytes(schedule) - least) / 2;
    const auto score = [&](const char* name) {
      PlanRequest request{schedule, machine, budget_bytes};
      request.options["dear_ratio"] = 1e6;
      const std::vector<Rerun> reruns = find_recompute_method(name)->choose(request, recomputable(schedule));
      std::uint64_t ns = 0;
      for (const Rerun& rerun : reruns) ns += schedule.ops[rerun.op].time_ns;
      const std::uint64_t peak = peak_live_bytes(expand(schedule, reruns).schedule);
      return std::pair(peak - std::min(peak, budget_bytes), ns);
    };
    const auto optimal = score("optimal");
    for (const char* other : {"none", "speed", "cost", "sqrt"}) {
      EXPECT_LE(optimal, score(other)) << other << " seed " << seed;
      compared += optimal.first == 0 && optimal < score(other);
    }
  }
  EXPECT_GT(compared, 50u);
}

/// Chains of random times and sizes: the program's course fits where it says so, and is close to the
/// search's.
TEST(Optimal, TheChainsProgramIsCloseToTheSearch) {
  std::uint64_t program_ns = 0, search_ns = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    testing::RandomTraining random(seed);
    Schedule schedule = testing::unit_chain(4 + static_cast<int>(random.below(6)));
    for (Op& op : schedule.ops) op.time_ns = 1 + random.below(20);
    for (TensorInfo& tensor : schedule.tensors) tensor.bytes = 1 + random.below(6);
    const Lineage lineage(schedule);
    const PassValues values(lineage, all(schedule));
    const std::uint64_t least = largest_op_bytes(schedule), most = peak_live_bytes(schedule);
    const std::uint64_t budget = least + random.below(static_cast<std::uint32_t>(most - least + 1));
    const ChainPlan plan(stages_of(values, schedule), budget, budget);
    const auto found = ExactSearch(values, values.passes.front()).search(budget);
    if (!plan.feasible(budget)) continue;
    ASSERT_TRUE(found.has_value());
    const std::vector<Rerun> course = plan.reruns(budget);
    EXPECT_LE(peak_live_bytes(expand(schedule, course).schedule), budget) << "seed " << seed;
    std::uint64_t course_ns = 0, found_ns = 0;
    for (const Rerun& rerun : course) course_ns += schedule.ops[rerun.op].time_ns;
    for (const Rerun& rerun : *found) found_ns += schedule.ops[rerun.op].time_ns;
    EXPECT_EQ(course_ns, plan.ns(budget));
    EXPECT_GE(course_ns, found_ns) << "seed " << seed;
    program_ns += course_ns;
    search_ns += found_ns;
  }
  EXPECT_GT(search_ns, 1000u);
  RecordProperty("program_of_search",
                 std::to_string(static_cast<double>(program_ns) / static_cast<double>(search_ns)));
  EXPECT_LE(static_cast<double>(program_ns), 1.1 * static_cast<double>(search_ns));
}

}  // namespace
}  // namespace octrain::advisor
