// A plan that moves nothing out: every tensor at its place, brought before its first use, let go after its
// last.
#pragma once

#include <algorithm>
#include <vector>

#include "octrain/advisor/liveness.h"
#include "octrain/advisor/share.h"
#include "support/schedule_builder.h"

namespace octrain::testing {

[[nodiscard]] inline advisor::Plan placed_plan(const advisor::Schedule& schedule,
                                               const advisor::Placements& placements) {
  advisor::Plan plan{placements.actions};
  const auto accesses = advisor::accesses_by_tensor(schedule);
  for (advisor::TensorId tensor = 0; tensor < accesses.size(); ++tensor) {
    if (accesses[tensor].empty()) continue;
    const auto& uses = accesses[tensor];
    const bool stays = advisor::outlives_iteration(schedule.tensors[tensor].role);
    if (uses.front().reads) plan.actions.push_back(prefetch(stays ? 0 : uses.front().op, tensor));
    const bool taken = std::any_of(placements.in_place.begin(), placements.in_place.end(),
                                   [&](const advisor::InPlace& pair) { return pair.read == tensor; });
    if (!stays && !taken) plan.actions.push_back(discard(uses.back().op, tensor));
  }
  return plan;
}

[[nodiscard]] inline std::uint64_t largest_workspace(const advisor::Schedule& schedule) {
  std::uint64_t bytes = 0;
  for (const advisor::Op& op : schedule.ops) bytes = std::max(bytes, op.workspace_bytes);
  return bytes;
}

}  // namespace octrain::testing
