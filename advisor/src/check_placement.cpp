#include <algorithm>
#include <map>
#include <optional>

#include "check_walk.h"

namespace octrain::advisor {
namespace {

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

using Offsets = std::vector<std::optional<std::uint64_t>>;

/// What runs, one after another: the ops, and before them what the plan recomputes.
struct Run {
  OpIndex op = 0;
  OpIndex at = 0;  // the boundary
};

std::vector<Run> runs_of(const Schedule& schedule, const Plan& plan) {
  const PlanIndex index(plan, schedule.ops.size());
  std::vector<Run> runs;
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (const Action& action : index.before[op]) {
      if (action.kind == ActionKind::recompute) runs.push_back({action.target, op});
    }
    runs.push_back({op, op});
  }
  return runs;
}

/// A stretch of runs over which a placed tensor's bytes matter.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
  TensorId tensor = 0;
  bool written = false;  // by the first run; otherwise it was there before
};

/// The stretches of every placed tensor: from a pure write to the last read of what it wrote. Weights, states
/// and tensors that are never used keep their place for the whole iteration.
std::vector<Stretch> stretches(const Schedule& schedule, const std::vector<Run>& runs,
                               const Offsets& offsets) {
  std::vector<Stretch> result;
  std::vector<std::optional<std::size_t>> open(schedule.tensors.size());
  const auto touch = [&](TensorId tensor, std::size_t run, bool reads) {
    if (!offsets[tensor] || outlives_iteration(schedule.tensors[tensor].role)) return;
    if (!open[tensor] || !reads) {
      const std::size_t first =
          open[tensor] || !reads ? run : 0;  // read before any write: an input, there from the start
      open[tensor] = result.size();
      result.push_back({first, run, tensor, !reads});
    }
    result[*open[tensor]].last = run;
  };
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const Op& entry = schedule.ops[runs[run].op];
    for (const TensorId tensor : entry.reads) touch(tensor, run, true);
    for (const TensorId tensor : entry.writes) touch(tensor, run, contains(entry.reads, tensor));
  }
  const std::size_t last = runs.empty() ? 0 : runs.size() - 1;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    if (offsets[tensor] && !open[tensor]) result.push_back({0, last, tensor, false});
  }
  return result;
}

/// Sweeps the runs with the set of placements alive, ordered by offset: a newcomer can only meet its
/// neighbours.
class Sweep {
 public:
  Sweep(const Schedule& schedule, const std::vector<Run>& runs, const Offsets& offsets, Verdicts& verdicts)
      : schedule_(schedule), runs_(runs), offsets_(offsets), verdicts_(verdicts) {}

  void run(std::vector<Stretch> starts) {
    std::erase_if(starts, [&](const Stretch& s) { return schedule_.tensors[s.tensor].bytes == 0; });
    std::sort(starts.begin(), starts.end(), [](const Stretch& a, const Stretch& b) {
      return std::tie(a.first, a.written, a.tensor) < std::tie(b.first, b.written, b.tensor);
    });
    for (const Stretch& stretch : starts) {
      while (!ends_.empty() && ends_.begin()->first < stretch.first) {
        const auto at = alive_.find(ends_.begin()->second);
        if (at != alive_.end() && at->second.last == ends_.begin()->first) alive_.erase(at);
        ends_.erase(ends_.begin());
      }
      begin(stretch);
    }
  }

 private:
  void begin(const Stretch& stretch) {
    const Stretch* other = overlapped(stretch);
    const OpIndex at = runs_.empty() ? 0 : runs_[stretch.first].at;
    if (other != nullptr && !takes_place(stretch, *other)) {
      verdicts_.add(Defect::overlapping_placement, at, stretch.tensor,
                    verdicts_.tensor_text(stretch.tensor) + " lies over " +
                        verdicts_.tensor_text(other->tensor) + ", which is alive at op " +
                        verdicts_.op_text(at));
      return;
    }
    alive_[*offsets_[stretch.tensor]] = stretch;
    ends_.emplace(stretch.last, *offsets_[stretch.tensor]);
  }

  [[nodiscard]] const Stretch* overlapped(const Stretch& stretch) const {
    const auto end_of = [&](TensorId tensor) { return *offsets_[tensor] + schedule_.tensors[tensor].bytes; };
    const std::uint64_t offset = *offsets_[stretch.tensor];
    const auto above = alive_.lower_bound(offset);
    if (above != alive_.begin() && end_of(std::prev(above)->second.tensor) > offset)
      return &std::prev(above)->second;
    if (above != alive_.end() && above->first < end_of(stretch.tensor)) return &above->second;
    return nullptr;
  }

  /// The schedule offers it, the bytes are the same, and the run that writes the one is the last to use the
  /// other.
  [[nodiscard]] bool takes_place(const Stretch& stretch, const Stretch& other) const {
    if (runs_.empty() || stretch.first != other.last) return false;
    return lies_in_place(schedule_, runs_[stretch.first].op, {other.tensor, stretch.tensor}, offsets_);
  }

  const Schedule& schedule_;
  const std::vector<Run>& runs_;
  const Offsets& offsets_;
  Verdicts& verdicts_;
  std::multimap<std::size_t, std::uint64_t> ends_;  // last run → offset
  std::map<std::uint64_t, Stretch> alive_;          // by offset
};

}  // namespace

bool lies_in_place(const Schedule& schedule, OpIndex op, const Overwrite& pair,
                   const std::vector<std::optional<std::uint64_t>>& offsets) {
  const Op& entry = schedule.ops[op];
  const TensorInfo &read = schedule.tensors[pair.read], &written = schedule.tensors[pair.written];
  const bool offered =
      std::find(entry.overwrites.begin(), entry.overwrites.end(), pair) != entry.overwrites.end();
  const bool from_one_to_another = contains(entry.reads, pair.read) && !contains(entry.writes, pair.read) &&
                                   contains(entry.writes, pair.written) &&
                                   !contains(entry.reads, pair.written);
  const bool die = !outlives_iteration(read.role) && !outlives_iteration(written.role);
  return offered && from_one_to_another && die && read.bytes > 0 && read.bytes == written.bytes &&
         offsets[pair.read] && offsets[pair.read] == offsets[pair.written];
}

void check_placements(const Schedule& schedule, const Plan& plan, std::uint64_t budget_bytes,
                      Verdicts& verdicts) {
  Offsets offsets(schedule.tensors.size());
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
  if (!any) return;
  const std::vector<Run> runs = runs_of(schedule, plan);
  Sweep(schedule, runs, offsets, verdicts).run(stretches(schedule, runs, offsets));
}

}  // namespace octrain::advisor
