// The plan: the advisor's answer to a schedule, as plain data that the executor carries out as it stands.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

enum class ActionKind {
  prefetch,  ///< before op: bring the tensor to the device; dead contents: reserve its bytes, copy nothing;
             ///< resident already: a touch, moves nothing
  evict,     ///< after op: send it to the host (copied only if the host has no valid copy) and free its bytes
  discard,   ///< after op: declare the contents dead on device and host, free its bytes, copy nothing
  recompute,  ///< before op: run op `target` once more
  place,  ///< the tensor lies at `offset_bytes` of the arena, which tensors share that never hold bytes at
          ///< the same time; every tensor is placed, or none
  free,   ///< after op: the tensor's arena bytes may be used by another (contents dead, as discard)
};

struct Action {
  ActionKind kind = ActionKind::prefetch;
  OpIndex op = 0;                  ///< the op boundary: before this op, or after it (see ActionKind)
  std::uint32_t target = 0;        ///< a TensorId; for recompute an OpIndex
  std::uint64_t offset_bytes = 0;  ///< place only
  friend bool operator==(const Action&, const Action&) = default;
};

/// Actions in the order they are to be issued. Between op k-1 and op k, everything "after k-1" comes before
/// everything "before k"; within one such group the order of this list counts. A recompute opens a new group:
/// what this list names after it, of the same boundary, happens after that run (evict and discard first
/// again, then prefetch).
///
/// A plan is cyclic: it runs every iteration, the first time with weights and states on the host and nothing
/// resident, from then on with whatever its own last iteration left resident. It must be valid both times.
/// (So a tensor that stays resident across iterations is prefetched before op 0: a transfer the first time, a
/// touch afterwards.)
struct Plan {
  std::vector<Action> actions;
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// A plan's actions by op boundary, in the order in which they happen. Placements are left out.
struct PlanIndex {
  explicit PlanIndex(const Plan& plan, std::size_t op_count);
  std::vector<std::vector<Action>> before;  ///< [op]: prefetch, recompute, and what follows a recompute
  std::vector<std::vector<Action>> after;   ///< [op]: evict, discard and free
};

/// Where the plan places each tensor; empty if it places none.
[[nodiscard]] std::vector<std::uint64_t> arena_offsets(const Plan& plan, std::size_t tensor_count);

[[nodiscard]] std::string_view to_string(ActionKind kind);

}  // namespace octrain::advisor
