#include "octrain/advisor/share.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "lives.h"
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
    {"exact", "search for the smallest arena, for about a minute; in place", true, "exact", kThoroughSteps},
    {"auto", "the best of the heuristics (of one for very many tensors), with a short search; in place", true,
     "auto", kQuickSteps},
}};

std::uint64_t whole_blocks(std::uint64_t bytes, std::uint64_t block_bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Of what the schedule offers: pairs of as many bytes, whose input dies where its output is born; each
/// tensor in at most one pair as input and one as output.
std::vector<InPlace> pairs_in_place(const Schedule& schedule, const LivedPlan& lived) {
  std::vector<InPlace> pairs;
  std::vector<bool> taken(lived.lives.size(), false), takes(lived.lives.size(), false);
  const auto dies_after = [&](TensorId tensor, OpIndex op) {
    return !outlives_iteration(schedule.tensors[tensor].role) &&
           lived.lives[tensor].end == lived.run_at[op] + 1;
  };
  // Bytes reserved just before the op are as good: the plan leaves that out.
  const auto born_at = [&](TensorId tensor, OpIndex op) {
    return !outlives_iteration(schedule.tensors[tensor].role) &&
           lived.lives[tensor].begin + 1 >= lived.run_at[op] && lived.lives[tensor].begin <= lived.run_at[op];
  };
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    const auto &reads = schedule.ops[op].reads, &writes = schedule.ops[op].writes;
    for (const Overwrite& pair : schedule.ops[op].overwrites) {
      const bool meet = dies_after(pair.read, op) && born_at(pair.written, op) &&
                        contains(reads, pair.read) && !contains(writes, pair.read) &&
                        contains(writes, pair.written) && !contains(reads, pair.written);
      const std::uint64_t bytes = schedule.tensors[pair.read].bytes;
      if (!meet || bytes == 0 || bytes != schedule.tensors[pair.written].bytes) continue;
      if (taken[pair.read] || takes[pair.written]) continue;
      taken[pair.read] = takes[pair.written] = true;
      pairs.push_back({op, pair.read, pair.written});
    }
  }
  return pairs;
}

/// The input of a pair is not discarded at its death, and no bytes are reserved for the output.
void leave_out_what_pairs_spare(Plan& plan, const std::vector<InPlace>& pairs, std::size_t tensor_count) {
  std::vector<std::optional<OpIndex>> taken_at(tensor_count), born_at(tensor_count);
  for (const InPlace& pair : pairs) {
    taken_at[pair.read] = pair.op;
    born_at[pair.written] = pair.op;
  }
  std::erase_if(plan.actions, [&](const Action& action) {
    if (action.kind == ActionKind::recompute) return false;
    return (action.kind == ActionKind::discard && taken_at[action.target] == action.op) ||
           (action.kind == ActionKind::prefetch && born_at[action.target] == action.op);
  });
}

/// The tensors that die, as buffers: those that follow one another in place are one.
class Transients {
 public:
  Transients(const Schedule& schedule, const std::vector<Life>& lives, const std::vector<InPlace>& pairs,
             std::uint64_t block_bytes)
      : buffer_of_(lives.size()) {
    std::vector<std::optional<TensorId>> place_of(lives.size());
    for (const InPlace& pair : pairs) place_of[pair.written] = pair.read;
    for (TensorId tensor = 0; tensor < lives.size(); ++tensor) {
      const bool uses_bytes = !outlives_iteration(schedule.tensors[tensor].role) && !lives[tensor].empty();
      if (!uses_bytes || place_of[tensor]) continue;
      buffer_of_[tensor] = problem_.buffers.size();
      problem_.buffers.push_back({{},
                                  lives[tensor].begin,
                                  lives[tensor].end,
                                  whole_blocks(schedule.tensors[tensor].bytes, block_bytes)});
    }
    for (const InPlace& pair : pairs) {  // in order of ops: the input's buffer is known
      buffer_of_[pair.written] = buffer_of_[pair.read];
      problem_.buffers[*buffer_of_[pair.read]].upper = lives[pair.written].end;
    }
  }

  [[nodiscard]] const PackingProblem& problem() const { return problem_; }
  /// None for a tensor without a life.
  [[nodiscard]] std::optional<std::size_t> buffer_of(TensorId tensor) const { return buffer_of_[tensor]; }

 private:
  PackingProblem problem_;
  std::vector<std::optional<std::size_t>> buffer_of_;
};

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

/// What outlives the iteration lies below, in order, whatever the plan is; the others share what is above.
void place(Placements& result, const Schedule& schedule, const Transients& transients,
           const PackingSolution& packed, std::uint64_t block_bytes) {
  std::uint64_t ground = 0;
  for (const TensorInfo& tensor : schedule.tensors) {
    if (outlives_iteration(tensor.role)) ground += whole_blocks(tensor.bytes, block_bytes);
  }
  result.arena_bytes = ground + packed.height_bytes;
  result.lower_bound_bytes = ground + lower_bound(transients.problem());
  result.proven = packed.proven;
  std::uint64_t below = 0;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const std::uint64_t bytes = whole_blocks(schedule.tensors[tensor].bytes, block_bytes);
    std::uint64_t offset = ground;
    if (outlives_iteration(schedule.tensors[tensor].role)) {
      offset = std::exchange(below, below + bytes);
    } else if (const auto buffer = transients.buffer_of(tensor)) {
      offset += packed.offsets[*buffer];
    } else {
      result.arena_bytes = std::max(result.arena_bytes, offset + bytes);  // anywhere, within the arena
    }
    result.plan.actions.push_back({ActionKind::place, 0, tensor, offset});
  }
}

}  // namespace

std::span<const ShareMethod> share_methods() { return kMethods; }

const ShareMethod* find_share_method(std::string_view name) {
  for (const ShareMethod& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

Placements place_tensors(const Schedule& schedule, const Plan& plan, const Machine& machine,
                         const ShareMethod& method) {
  const std::uint64_t block_bytes = std::max<std::uint64_t>(1, machine.block_bytes);
  Placements result;
  if (!method.shares()) {
    result.plan = plan;
    for (const TensorInfo& tensor : schedule.tensors)
      result.arena_bytes += whole_blocks(tensor.bytes, block_bytes);
    return result;
  }
  LivedPlan lived = discard_at_death(schedule, plan);
  const auto pack = [&](const Transients& transients) {
    return method.packing.empty()
               ? side_by_side(transients.problem())
               : find_packing_algorithm(method.packing)->pack(transients.problem(), method.steps);
  };
  if (method.in_place) result.in_place = pairs_in_place(schedule, lived);
  Transients transients(schedule, lived.lives, result.in_place, block_bytes);
  PackingSolution packed = pack(transients);
  if (!result.in_place.empty() && packed.height_bytes > lower_bound(transients.problem())) {
    // Two lives in one buffer leave a packing less freedom.
    Transients apart(schedule, lived.lives, {}, block_bytes);
    PackingSolution packed_apart = pack(apart);
    if (packed_apart.height_bytes < packed.height_bytes) {
      result.in_place.clear();
      transients = std::move(apart);
      packed = std::move(packed_apart);
      packed.proven = false;  // in place it might be lower
    }
  }
  result.plan = std::move(lived.plan);
  leave_out_what_pairs_spare(result.plan, result.in_place, schedule.tensors.size());
  place(result, schedule, transients, packed, block_bytes);
  return result;
}

}  // namespace octrain::advisor
