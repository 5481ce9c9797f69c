// Good plans, spoiled: the checker names each defect, and it agrees with a slow oracle on whether there is
// one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/recompute.h"
#include "support/plan_oracle.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

bool names(const CheckReport& report, Defect defect, OpIndex op, std::uint32_t target) {
  return std::any_of(report.verdicts.begin(), report.verdicts.end(), [&](const Verdict& v) {
    return v.defect == defect && v.op == op && v.target == target;
  });
}

/// One way of spoiling a plan; does nothing where the plan has no action to spoil.
class Mutation {
 public:
  Mutation(RandomSchedule& random, const Schedule& schedule) : random_(random), schedule_(schedule) {}

  void spoil(Plan& plan) {
    switch (random_.below(10)) {
      case 0:
        drop(plan, ActionKind::evict);
        break;
      case 1:
        drop(plan, ActionKind::prefetch);
        break;
      case 2:
        drop(plan, ActionKind::discard);
        break;
      case 3:
        turn(plan, ActionKind::evict, ActionKind::discard);
        break;
      case 4:
        move(plan, ActionKind::prefetch);
        break;
      case 5:
        move(plan, ActionKind::evict);
        break;
      case 6:
        duplicate(plan);
        break;
      case 7:
        plan.actions.push_back({ActionKind::discard, op(), random_.below(tensor_count())});
        break;
      case 8:
        plan.actions.push_back(recompute(op(), op()));
        break;
      default:
        recompute_and_drop(plan);
        break;
    }
  }

 private:
  std::uint32_t tensor_count() const { return static_cast<std::uint32_t>(schedule_.tensors.size()); }
  OpIndex op() { return random_.below(static_cast<std::uint32_t>(schedule_.ops.size())); }

  /// Any action of this kind, or the end.
  std::vector<Action>::iterator any(Plan& plan, ActionKind kind) {
    const auto is_kind = [&](const Action& a) { return a.kind == kind; };
    const auto count = std::count_if(plan.actions.begin(), plan.actions.end(), is_kind);
    if (count == 0) return plan.actions.end();
    auto at = std::find_if(plan.actions.begin(), plan.actions.end(), is_kind);
    for (std::uint32_t skip = random_.below(static_cast<std::uint32_t>(count)); skip > 0; --skip) {
      at = std::find_if(at + 1, plan.actions.end(), is_kind);
    }
    return at;
  }
  void drop(Plan& plan, ActionKind kind) {
    const auto at = any(plan, kind);
    if (at != plan.actions.end()) plan.actions.erase(at);
  }
  void turn(Plan& plan, ActionKind from, ActionKind to) {
    const auto at = any(plan, from);
    if (at != plan.actions.end()) at->kind = to;
  }
  void move(Plan& plan, ActionKind kind) {
    const auto at = any(plan, kind);
    if (at != plan.actions.end()) at->op = op();
  }
  void duplicate(Plan& plan) {
    const auto at = any(plan, random_.below(2) == 0 ? ActionKind::evict : ActionKind::discard);
    if (at == plan.actions.end()) return;
    Action again = *at;
    again.op = op();
    plan.actions.push_back(again);
  }
  /// A rerun, then something done to a tensor of it at the same boundary.
  void recompute_and_drop(Plan& plan) {
    const OpIndex before = op(), target = op();
    plan.actions.push_back(recompute(before, target));
    const auto& writes = schedule_.ops[target].writes;
    if (writes.empty() || before == 0) return;
    const auto kind = random_.below(2) == 0 ? ActionKind::evict : ActionKind::discard;
    plan.actions.push_back({kind, before - 1, writes.front()});
  }

  RandomSchedule& random_;
  const Schedule& schedule_;
};

TEST(MutatedPlans, EachDefectIsCaughtByItsName) {
  std::map<Defect, int> caught;
  int defective = 0;
  for (std::uint32_t seed = 0; seed < 6000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSchedule random(seed);
    const Schedule schedule = random.make();
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t budget_bytes = least + (footprint_bytes(schedule) - least) * random.below(5) / 4;
    const Policy& policy = policies()[random.below(static_cast<std::uint32_t>(policies().size()))];
    const Machine machine = unit_machine();
    Plan plan = policy.make_plan({schedule, machine, budget_bytes}).plan;
    Mutation(random, schedule).spoil(plan);

    const CheckReport report = check(schedule, plan, budget_bytes);
    const auto expected = PlanOracle(schedule, plan, budget_bytes).first_defect();
    ASSERT_EQ(report.ok(), !expected.has_value())
        << (report.ok() ? "missed" : report.verdicts.front().message);
    if (!expected) continue;
    ++defective;
    EXPECT_EQ(report.verdicts.front().first_iteration, expected->first_iteration);
    for (const auto& [defect, target] : expected->defects) {
      EXPECT_TRUE(names(report, defect, expected->op, target))
          << to_string(defect) << " at op " << expected->op;
      ++caught[defect];
    }
  }
  EXPECT_GE(defective, 500);
  for (const Defect defect :
       {Defect::reads_discarded, Defect::reads_not_resident, Defect::over_budget, Defect::evict_not_resident,
        Defect::discard_of_live, Defect::recompute_without_inputs, Defect::recompute_of_update}) {
    EXPECT_GE(caught[defect], 20) << to_string(defect);
    RecordProperty(std::string(to_string(defect)), caught[defect]);
  }
}

TEST(MutatedPlans, UnknownIdsAreNamedAndTheRestIsStillJudged) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    RandomSchedule random(seed);
    const Schedule schedule = random.make();
    const Machine machine = unit_machine();
    const std::uint64_t budget_bytes = largest_op_bytes(schedule);
    Plan plan = find_policy("lookahead")->make_plan({schedule, machine, budget_bytes}).plan;
    const auto ops = static_cast<std::uint32_t>(schedule.ops.size());
    const auto tensors = static_cast<std::uint32_t>(schedule.tensors.size());
    const std::uint32_t beyond = random.below(2) == 0 ? 0 : 4'000'000'000u - tensors - ops;
    const std::vector<std::pair<Action, Defect>> wrong = {
        {prefetch(0, tensors + beyond), Defect::unknown_tensor},
        {evict(0, tensors + beyond), Defect::unknown_tensor},
        {discard(ops + beyond, 0), Defect::unknown_op},
        {place(tensors + beyond, 0), Defect::unknown_tensor},
        {recompute(ops + beyond, 0), Defect::unknown_op},
        {recompute(0, ops + beyond), Defect::unknown_op}};
    const auto& [action, defect] = wrong[random.below(6)];
    plan.actions.insert(
        plan.actions.begin() + random.below(static_cast<std::uint32_t>(plan.actions.size() + 1)), action);
    const CheckReport report = check(schedule, plan, budget_bytes);
    ASSERT_EQ(report.verdicts.size(), 1u) << "seed " << seed;
    EXPECT_EQ(report.verdicts.front().defect, defect);
  }
}

/// Op by op: which placed tensors hold something then, and do any two of them share a byte?
bool overlap_by_brute_force(const Schedule& schedule, const std::vector<std::uint64_t>& offsets) {
  const auto has = [](const std::vector<TensorId>& ids, TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  const auto alive = [&](TensorId t, OpIndex op) {
    bool used = false;
    for (const Op& o : schedule.ops) used = used || has(o.reads, t) || has(o.writes, t);
    const bool lasts = outlives_iteration(schedule.tensors[t].role);
    if (!used) return lasts;
    if (has(schedule.ops[op].reads, t) || has(schedule.ops[op].writes, t)) return true;
    bool before = false, read = false;
    for (OpIndex o = 0; o < op; ++o)
      before = before || has(schedule.ops[o].reads, t) || has(schedule.ops[o].writes, t);
    for (const Op& o : schedule.ops) read = read || has(o.reads, t);
    if (lasts && (!before || !read)) return true;  // on the host when training begins; a result of it
    const std::size_t count = schedule.ops.size();
    for (std::size_t o = op + 1; o < (lasts ? op + count : count); ++o) {  // an input is there from the start
      if (has(schedule.ops[o % count].reads, t)) return true;
      if (has(schedule.ops[o % count].writes, t)) return false;
    }
    return false;
  };
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (TensorId a = 0; a < offsets.size(); ++a) {
      for (TensorId b = 0; b < a; ++b) {
        const std::uint64_t end =
            std::min(offsets[a] + schedule.tensors[a].bytes, offsets[b] + schedule.tensors[b].bytes);
        const bool share = std::max(offsets[a], offsets[b]) < end;
        const bool empty = schedule.tensors[a].bytes == 0 || schedule.tensors[b].bytes == 0;
        if (share && !empty && alive(a, op) && alive(b, op)) return true;
      }
    }
  }
  return false;
}

TEST(MutatedPlans, OverlappingPlacementsAreCaughtAndOnlyThose) {
  int overlapping = 0;
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    RandomSchedule random(seed);
    const Schedule schedule = random.make();
    std::vector<std::uint64_t> offsets;
    std::uint64_t end = 0;
    for (const TensorInfo& tensor : schedule.tensors) {
      offsets.push_back(end);
      end += tensor.bytes;
    }
    const auto moved = random.below(static_cast<std::uint32_t>(offsets.size()));
    offsets[moved] = random.below(static_cast<std::uint32_t>(end + 1));
    Plan plan = keep_plan(schedule);  // lets go of everything at its death
    for (TensorId tensor = 0; tensor < offsets.size(); ++tensor)
      plan.actions.push_back(place(tensor, offsets[tensor]));
    const CheckReport report = check(schedule, plan, 2 * end + 1000);
    const bool expected = overlap_by_brute_force(schedule, offsets);
    EXPECT_EQ(!report.ok(), expected)
        << "seed " << seed << (report.ok() ? "" : ": " + report.verdicts[0].message);
    for (const Verdict& verdict : report.verdicts) {
      const bool named = verdict.defect == Defect::overlapping_placement ||
                         verdict.defect == Defect::discard_of_live;  // its bytes are another's by then
      EXPECT_TRUE(named) << "seed " << seed << ": " << verdict.message;
    }
    overlapping += expected ? 1 : 0;
  }
  EXPECT_GE(overlapping, 100);
}

}  // namespace
}  // namespace octrain::testing
