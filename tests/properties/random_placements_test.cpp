// The placements of every sharing method, over random schedules, pass the checker in an arena of the size
// they name; moved ones are judged as a slow second opinion judges them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "octrain/advisor/check.h"
#include "octrain/advisor/share.h"
#include "support/placed_plan.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

constexpr std::uint32_t kSchedules = 1500;

Placements share(const Schedule& schedule, const ShareMethod& method) {
  Machine machine = unit_machine();
  machine.block_bytes = 4;
  ShareMethod quick = method;
  quick.steps = std::min<std::uint64_t>(quick.steps, 100'000);
  return placements(schedule, machine, quick);
}

TEST(RandomPlacements, PassTheCheckerInTheArenaThatTheyName) {
  std::map<std::string_view, std::uint64_t> arenas;
  std::size_t in_place = 0;
  for (std::uint32_t seed = 0; seed < kSchedules; ++seed) {
    const Schedule schedule = RandomSchedule(seed).make_with_overwrites();
    for (const ShareMethod& method : share_methods()) {
      const Placements made = share(schedule, method);
      const std::uint64_t budget = made.arena_bytes + largest_workspace(schedule);
      const CheckReport report = check(schedule, placed_plan(schedule, made), budget);
      ASSERT_TRUE(report.ok()) << method.name << ", seed " << seed << ": " << report.verdicts[0].message;
      ASSERT_GE(made.arena_bytes, made.lower_bound_bytes) << method.name << ", seed " << seed;
      arenas[method.name] += made.arena_bytes;
      in_place += made.in_place.size();
    }
  }
  EXPECT_GT(in_place, 500u);
  EXPECT_LT(arenas["inplace"], arenas["none"]);
  EXPECT_LT(arenas["first-fit"], arenas["inplace"]);
  EXPECT_LT(arenas["auto"], arenas["first-fit"]);
}

/// What each tensor holds, op by op, when a write over its bytes spoils it: does an op ever read spoiled
/// contents?
class BytesOracle {
 public:
  BytesOracle(const Schedule& schedule, const std::vector<Action>& places) : schedule_(schedule) {
    for (const Action& place : places) offset_.push_back(place.offset_bytes);
  }

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
    if (!used) return true;  // keeps its bytes for the whole iteration
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
    for (std::uint32_t i = 1 + random.below(2); i > 0; --i) {
      Action& moved = made.actions[random.below(static_cast<std::uint32_t>(made.actions.size()))];
      moved.offset_bytes =
          made.actions[random.below(static_cast<std::uint32_t>(made.actions.size()))].offset_bytes;
    }
    const CheckReport report = check(schedule, {made.actions}, ~std::uint64_t{0} >> 2);
    const bool overlap = std::any_of(report.verdicts.begin(), report.verdicts.end(), [](const Verdict& v) {
      return v.defect == Defect::overlapping_placement;
    });
    if (BytesOracle(schedule, made.actions).spoils()) {
      ++spoiled;
      ASSERT_TRUE(overlap) << "seed " << seed;
    }
    (overlap ? refused : fine) += 1;
  }
  EXPECT_GT(spoiled, 500);
  EXPECT_LT(refused - spoiled, refused / 10)
      << "a write that nobody reads spoils nothing, and is refused all the same";
  EXPECT_GT(fine, 300);
}

}  // namespace
}  // namespace octrain::testing
