#include "octrain/advisor/share.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "octrain/advisor/liveness.h"
#include "octrain/advisor/packing.h"

namespace octrain::advisor {
namespace {

constexpr std::array<ShareMethod, 7> kMethods = {{
    {"none", "every tensor has bytes of its own"},
    {"inplace", "outputs take the place of inputs that nobody reads later", true},
    {"first-fit", "largest first, each at the lowest offset that is free", false, "first-fit"},
    {"smartpool", "as first-fit, what lives through the iteration first; in place (SmartPool)", true,
     "smartpool"},
    {"profile-guided", "a skyline, the longest-lived that fits; in place (Sekiyama et al. 2018)", true,
     "profile-guided"},
    {"exact", "search for the smallest arena, for a minute at most; in place", true, "exact", kThoroughSteps},
    {"auto", "the best of all, with a short search; in place", true, "auto", kQuickSteps},
}};

/// Where each tensor's bytes matter, as one stretch of ops: half-open.
std::vector<Buffer> lives_of(const Schedule& schedule, std::uint64_t block_bytes) {
  const auto accesses = accesses_by_tensor(schedule);
  std::vector<Buffer> lives;
  lives.reserve(accesses.size());
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const TensorInfo& info = schedule.tensors[tensor];
    const std::uint64_t bytes = (info.bytes + block_bytes - 1) / block_bytes * block_bytes;
    const auto& uses = accesses[tensor];
    if (outlives_iteration(info.role) || uses.empty()) {
      lives.push_back({{}, 0, std::max<std::uint64_t>(1, schedule.ops.size()), bytes});
    } else {
      lives.push_back(
          {{}, uses.front().reads ? 0 : uses.front().op, uses.back().op + std::uint64_t{1}, bytes});
    }
  }
  return lives;
}

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Of what the schedule offers: pairs of as many bytes, whose input dies where its output is born; each
/// tensor in at most one pair as input and one as output.
std::vector<InPlace> pairs_in_place(const Schedule& schedule, const std::vector<Buffer>& lives) {
  std::vector<InPlace> pairs;
  std::vector<bool> taken(lives.size(), false), takes(lives.size(), false);
  const auto dies_at = [&](TensorId tensor, OpIndex op) {
    return !outlives_iteration(schedule.tensors[tensor].role) && lives[tensor].upper == op + std::uint64_t{1};
  };
  const auto born_at = [&](TensorId tensor, OpIndex op) {
    return !outlives_iteration(schedule.tensors[tensor].role) && lives[tensor].lower == op;
  };
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    const auto &reads = schedule.ops[op].reads, &writes = schedule.ops[op].writes;
    for (const Overwrite& pair : schedule.ops[op].overwrites) {
      const bool meet = dies_at(pair.read, op) && born_at(pair.written, op) && contains(reads, pair.read) &&
                        !contains(writes, pair.read) && contains(writes, pair.written) &&
                        !contains(reads, pair.written);
      const std::uint64_t bytes = schedule.tensors[pair.read].bytes;
      if (!meet || bytes == 0 || bytes != schedule.tensors[pair.written].bytes) continue;
      if (taken[pair.read] || takes[pair.written]) continue;
      taken[pair.read] = takes[pair.written] = true;
      pairs.push_back({op, pair.read, pair.written});
    }
  }
  return pairs;
}

/// Each tensor's buffer: those that follow one another in place are one.
struct Merged {
  PackingProblem problem;
  std::vector<std::size_t> buffer_of;
};

Merged merge(const std::vector<Buffer>& lives, const std::vector<InPlace>& in_place) {
  std::vector<std::optional<TensorId>> place_of(lives.size());
  for (const InPlace& pair : in_place) place_of[pair.written] = pair.read;
  Merged merged;
  merged.buffer_of.resize(lives.size());
  for (TensorId tensor = 0; tensor < lives.size(); ++tensor) {
    if (place_of[tensor]) continue;
    merged.buffer_of[tensor] = merged.problem.buffers.size();
    merged.problem.buffers.push_back(lives[tensor]);
  }
  for (const InPlace& pair : in_place) {  // in order of ops: the input's buffer is known
    const std::size_t buffer = merged.buffer_of[pair.read];
    merged.buffer_of[pair.written] = buffer;
    merged.problem.buffers[buffer].upper = lives[pair.written].upper;
  }
  return merged;
}

/// One after another.
PackingSolution side_by_side(const PackingProblem& problem) {
  PackingSolution solution;
  for (const Buffer& buffer : problem.buffers) {
    solution.offsets.push_back(solution.height_bytes);
    solution.height_bytes += buffer.size_bytes;
  }
  solution.proven = solution.height_bytes == lower_bound(problem);
  return solution;
}

}  // namespace

std::span<const ShareMethod> share_methods() { return kMethods; }

const ShareMethod* find_share_method(std::string_view name) {
  for (const ShareMethod& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

Placements placements(const Schedule& schedule, const Machine& machine, const ShareMethod& method) {
  const std::vector<Buffer> lives = lives_of(schedule, std::max<std::uint64_t>(1, machine.block_bytes));
  Placements result;
  if (method.in_place) result.in_place = pairs_in_place(schedule, lives);
  const Merged merged = merge(lives, result.in_place);
  const PackingSolution solution =
      method.packing.empty() ? side_by_side(merged.problem)
                             : find_packing_algorithm(method.packing)->pack(merged.problem, method.steps);
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    result.actions.push_back({ActionKind::place, 0, tensor, solution.offsets[merged.buffer_of[tensor]]});
  }
  result.arena_bytes = solution.height_bytes;
  result.lower_bound_bytes = lower_bound(merged.problem);
  result.proven = solution.proven;
  return result;
}

}  // namespace octrain::advisor
