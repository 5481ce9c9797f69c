// The placements of every sharing method, over random schedules, pass the checker in an arena of the size
// they name; moved ones are judged as a slow second opinion judges them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/recompute.h"
#include "octrain/advisor/share.h"
#include "support/effort.h"
#include "support/random_schedule.h"
#include "support/random_training.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

constexpr std::uint32_t kSchedules = 1500;

Placements share(const Schedule& schedule, const Plan& plan, const ShareMethod& method) {
  Machine machine = unit_machine();
  machine.block_bytes = 4;
  ShareMethod quick = method;
  quick.steps = std::min<std::uint64_t>(quick.steps, 100'000);
  return place_tensors(schedule, plan, machine, quick);
}

Placements share(const Schedule& schedule, const ShareMethod& method) {
  return share(schedule, keep_plan(schedule), method);
}

std::uint64_t largest_workspace(const Schedule& schedule) {
  std::uint64_t bytes = 0;
  for (const Op& op : schedule.ops) bytes = std::max(bytes, op.workspace_bytes);
  return bytes;
}

TEST(RandomPlacements, PassTheCheckerInTheArenaThatTheyName) {
  std::map<std::string_view, std::uint64_t> arenas;
  std::size_t in_place = 0;
  for (std::uint32_t seed = 0; seed < kSchedules; ++seed) {
    const Schedule schedule = RandomSchedule(seed).make_with_overwrites();
    for (const ShareMethod& method : share_methods()) {
      const Placements made = share(schedule, method);
      const CheckReport report = check(schedule, made.plan, made.arena_bytes + largest_workspace(schedule));
      ASSERT_TRUE(report.ok()) << method.name << ", seed " << seed << ": " << report.verdicts[0].message;
      ASSERT_GE(made.arena_bytes, made.lower_bound_bytes) << method.name << ", seed " << seed;
      if (ShareMethod apart = method; !method.packing.empty()) {
        apart.in_place = false;
        ASSERT_LE(made.arena_bytes, share(schedule, apart).arena_bytes) << method.name << ", seed " << seed;
      }
      arenas[method.name] += made.arena_bytes;
      in_place += made.in_place.size();
    }
  }
  EXPECT_GT(in_place, 500u);
  EXPECT_LT(arenas["inplace"], arenas["none"]);
  EXPECT_LT(arenas["first-fit"], arenas["inplace"]);
  EXPECT_LT(arenas["auto"], arenas["first-fit"]);
}

/// A plan of anybody's, placed by every method: still valid, within the same budget, and simulated to its
/// end.
void expect_placed(const Schedule& schedule, const Plan& plan, std::uint64_t budget_bytes,
                   const std::string& whose) {
  for (const ShareMethod& method : share_methods()) {
    const Placements made = share(schedule, plan, method);
    const CheckReport report = check(schedule, made.plan, budget_bytes);
    ASSERT_TRUE(report.ok()) << whose << ", " << method.name << ": " << report.verdicts[0].message;
    ASSERT_LE(report.peak_bytes, check(schedule, plan, budget_bytes).peak_bytes)
        << whose << ", " << method.name;
    const Simulation run = simulate(schedule, made.plan, unit_machine(), budget_bytes);
    ASSERT_EQ(run.op_start_ns.size(), schedule.ops.size()) << whose << ", " << method.name;
    ASSERT_LE(run.peak_bytes, budget_bytes) << whose << ", " << method.name;
    for (const Action& action : made.plan.actions) {
      if (action.kind != ActionKind::place) continue;
      ASSERT_LE(action.offset_bytes + schedule.tensors[action.target].bytes, made.arena_bytes);
    }
  }
}

TEST(RandomPlacements, OfEveryPolicysPlanAreValid) {
  for (std::uint32_t seed = 0; seed < cases(500); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = RandomSchedule(seed).make_with_overwrites();
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t budget = least + (footprint_bytes(schedule) - least) * (seed % 4) / 4;
    for (const Policy& policy : policies()) {
      const PlanResult made = policy.make_plan({schedule, unit_machine(), budget});
      if (made.feasible()) expect_placed(schedule, made.plan, budget, std::string(policy.name));
    }
  }
}

TEST(RandomPlacements, OfPlansThatRecomputeAreValid) {
  std::size_t reruns = 0;
  for (std::uint32_t seed = 0; seed < cases(300); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTraining random(seed);
    Schedule schedule = random.make();
    offer_overwrites(schedule, random);
    const Machine machine = unit_machine();
    for (const RecomputeMethod& method : recompute_methods()) {
      AdviceRequest request{.schedule = schedule, .machine = machine};
      const std::uint64_t least = largest_op_bytes(schedule);
      request.budget_bytes = least + (footprint_bytes(schedule) - least) * random.below(4) / 6;
      request.policy = "lookahead";
      request.recompute = method.name;
      request.share = "none";
      const Advice advice = advise(request);
      if (!advice.feasible()) continue;
      reruns += static_cast<std::size_t>(
          std::count_if(advice.plan.actions.begin(), advice.plan.actions.end(),
                        [](const Action& action) { return action.kind == ActionKind::recompute; }));
      expect_placed(schedule, advice.plan, request.budget_bytes, std::string(method.name));
      request.share = "profile-guided";
      const Advice placed = advise(request);
      const CheckReport report = check(schedule, placed.plan, request.budget_bytes);
      ASSERT_TRUE(report.ok()) << method.name << ": " << report.verdicts[0].message;
    }
  }
  EXPECT_GT(reruns, cases(300));
}

/// What each tensor holds, op by op, when a write over its bytes spoils it: does an op ever read spoiled
/// contents?
class BytesOracle {
 public:
  BytesOracle(const Schedule& schedule, std::vector<std::uint64_t> offsets)
      : schedule_(schedule), offset_(std::move(offsets)) {}

  bool spoils() const {
    for (TensorId tensor = 0; tensor < offset_.size(); ++tensor) {
      for (TensorId other = 0; other < offset_.size(); ++other) {
        if (other != tensor && share_bytes(tensor, other) && spoils(tensor, other)) return true;
      }
    }
    return false;
  }

 private:
  static bool has(const std::vector<TensorId>& ids, TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }
  bool share_bytes(TensorId a, TensorId b) const {
    return std::max(offset_[a], offset_[b]) <
           std::min(offset_[a] + schedule_.tensors[a].bytes, offset_[b] + schedule_.tensors[b].bytes);
  }
  /// Is `tensor` written, or there from the start, and read after `other`, over it, has been written?
  bool spoils(TensorId tensor, TensorId other) const {
    const bool lasts = outlives_iteration(schedule_.tensors[tensor].role);
    bool used = false, holds = lasts, spoiled = false;
    for (const Op& op : schedule_.ops) used = used || has(op.reads, tensor) || has(op.writes, tensor);
    if (!used && !lasts) return false;  // nothing to spoil
    for (const Op& op : schedule_.ops) {
      if (has(op.reads, tensor)) break;
      if (!has(op.writes, tensor)) continue;
      used = false;
      break;
    }
    holds = holds || used;  // read before any write: an input
    for (OpIndex i = 0; i < schedule_.ops.size(); ++i) {
      const Op& op = schedule_.ops[i];
      if (has(op.reads, tensor) && spoiled) return true;
      const bool writes_other = has(op.writes, other), writes_this = has(op.writes, tensor);
      if (writes_other && writes_this) return true;
      if (writes_other && has(op.reads, tensor) && !may_overwrite(i, tensor, other)) return true;
      if (writes_this && has(op.reads, other) && !may_overwrite(i, other, tensor)) return true;
      if (writes_this) spoiled = false, holds = true;
      if (writes_other && holds) spoiled = true;
    }
    return lasts && spoiled;
  }
  bool may_overwrite(OpIndex op, TensorId read, TensorId written) const {
    const auto& offers = schedule_.ops[op].overwrites;
    return offset_[read] == offset_[written] &&
           schedule_.tensors[read].bytes == schedule_.tensors[written].bytes &&
           std::find(offers.begin(), offers.end(), Overwrite{read, written}) != offers.end();
  }

  const Schedule& schedule_;
  std::vector<std::uint64_t> offset_;
};

TEST(RandomPlacements, WhatSpoilsContentsIsRefused) {
  int refused = 0, fine = 0, spoiled = 0;
  for (std::uint32_t seed = 0; seed < 2 * kSchedules; ++seed) {
    RandomSchedule random(seed);
    const Schedule schedule = random.make_with_overwrites();
    Placements made = share(schedule, *find_share_method("profile-guided"));
    std::vector<Action*> places;
    for (Action& action : made.plan.actions) {
      if (action.kind == ActionKind::place) places.push_back(&action);
    }
    const auto count = static_cast<std::uint32_t>(places.size());
    for (std::uint32_t i = 1 + random.below(2); i > 0; --i)
      places[random.below(count)]->offset_bytes = places[random.below(count)]->offset_bytes;
    const bool valid = check(schedule, made.plan, ~std::uint64_t{0} >> 2).ok();
    if (BytesOracle(schedule, arena_offsets(made.plan, schedule.tensors.size())).spoils()) {
      ++spoiled;
      ASSERT_FALSE(valid) << "seed " << seed;
    }
    (valid ? fine : refused) += 1;
  }
  EXPECT_GT(spoiled, 500);
  EXPECT_LT(refused - spoiled, refused / 10)
      << "a write that nobody reads spoils nothing, and is refused all the same";
  EXPECT_GT(fine, 300);
}

}  // namespace
}  // namespace octrain::testing
