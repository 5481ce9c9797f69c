#include <algorithm>
#include <map>
#include <optional>

#include "check_walk.h"

namespace octrain::advisor {
namespace {

/// A stretch of ops over which a placed tensor's bytes matter.
struct Stretch {
  OpIndex first = 0;
  OpIndex last = 0;
  TensorId tensor = 0;
};

/// The stretches of every placed tensor: from a pure write to the last read of what it wrote. Weights, states
/// and tensors that are never used keep their place for the whole iteration.
std::vector<Stretch> stretches(const Schedule& schedule,
                               const std::vector<std::optional<std::uint64_t>>& offsets) {
  std::vector<Stretch> result;
  std::vector<std::optional<std::size_t>> open(schedule.tensors.size());
  const auto touch = [&](TensorId tensor, OpIndex op, bool reads) {
    if (!offsets[tensor] || outlives_iteration(schedule.tensors[tensor].role)) return;
    if (!open[tensor] || !reads) {
      const OpIndex first =
          open[tensor] || !reads ? op : 0;  // read before any write: an input, there from the start
      open[tensor] = result.size();
      result.push_back({first, op, tensor});
    }
    result[*open[tensor]].last = op;
  };
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    const Op& entry = schedule.ops[op];
    for (const TensorId tensor : entry.reads) touch(tensor, op, true);
    for (const TensorId tensor : entry.writes) {
      const bool in_place = std::find(entry.reads.begin(), entry.reads.end(), tensor) != entry.reads.end();
      touch(tensor, op, in_place);
    }
  }
  const auto last = static_cast<OpIndex>(schedule.ops.empty() ? 0 : schedule.ops.size() - 1);
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    if (offsets[tensor] && !open[tensor]) result.push_back({0, last, tensor});
  }
  return result;
}

/// Sweeps the ops with the set of placements alive, ordered by offset: a newcomer can only meet its
/// neighbours.
void check_overlaps(const Schedule& schedule, const std::vector<std::optional<std::uint64_t>>& offsets,
                    Verdicts& verdicts) {
  std::vector<Stretch> starts = stretches(schedule, offsets);
  std::erase_if(starts, [&](const Stretch& s) { return schedule.tensors[s.tensor].bytes == 0; });
  std::sort(starts.begin(), starts.end(), [](const Stretch& a, const Stretch& b) {
    return std::tie(a.first, a.tensor) < std::tie(b.first, b.tensor);
  });
  std::multimap<OpIndex, std::uint64_t> ends;  // last op → offset
  std::map<std::uint64_t, TensorId> alive;     // offset → tensor
  const auto end_of = [&](TensorId tensor) { return *offsets[tensor] + schedule.tensors[tensor].bytes; };
  for (const Stretch& stretch : starts) {
    while (!ends.empty() && ends.begin()->first < stretch.first) {
      alive.erase(ends.begin()->second);
      ends.erase(ends.begin());
    }
    const std::uint64_t offset = *offsets[stretch.tensor];
    const auto above = alive.lower_bound(offset);
    std::optional<TensorId> other;
    if (above != alive.end() && above->first < end_of(stretch.tensor)) other = above->second;
    if (above != alive.begin() && end_of(std::prev(above)->second) > offset) other = std::prev(above)->second;
    if (other) {
      verdicts.add(Defect::overlapping_placement, stretch.first, stretch.tensor,
                   verdicts.tensor_text(stretch.tensor) + " lies over " + verdicts.tensor_text(*other) +
                       ", which is alive at op " + verdicts.op_text(stretch.first));
    } else {
      alive.emplace(offset, stretch.tensor);
      ends.emplace(stretch.last, offset);
    }
  }
}

}  // namespace

void check_placements(const Schedule& schedule, const Plan& plan, std::uint64_t budget_bytes,
                      Verdicts& verdicts) {
  std::vector<std::optional<std::uint64_t>> offsets(schedule.tensors.size());
  // What a plan evicts leaves the device, and the arena may be larger than it.
  const bool moves = std::any_of(plan.actions.begin(), plan.actions.end(),
                                 [](const Action& action) { return action.kind == ActionKind::evict; });
  bool any = false;
  for (const Action& action : plan.actions) {
    if (action.kind != ActionKind::place) continue;
    const std::string what = verdicts.tensor_text(action.target);
    if (offsets[action.target]) {
      verdicts.add(Defect::placed_twice, 0, action.target, what + " is placed twice");
      continue;
    }
    offsets[action.target] = action.offset_bytes;
    any = true;
    if (moves) continue;
    const std::uint64_t bytes = schedule.tensors[action.target].bytes;
    const std::uint64_t room = action.offset_bytes < budget_bytes ? budget_bytes - action.offset_bytes : 0;
    const std::uint64_t beyond = action.offset_bytes > budget_bytes ? action.offset_bytes - budget_bytes : 0;
    if (bytes <= room && beyond == 0) continue;
    const std::uint64_t excess = beyond + bytes - room;
    verdicts.add(Defect::placement_over_budget, 0, action.target,
                 what + " ends " + std::to_string(excess) + " bytes past the budget", excess);
  }
  if (any) check_overlaps(schedule, offsets, verdicts);
}

}  // namespace octrain::advisor
