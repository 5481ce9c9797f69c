#include "gaps.h"

#include <algorithm>

#include "occupancy.h"

namespace octrain::advisor {
namespace {

std::size_t length(const Gap& gap, std::size_t op_count) {
  return gap.need + (gap.kind == Gap::Kind::wrap ? op_count : 0) - gap.release;
}

}  // namespace

std::array<OpRange, 2> inner_ops(const Gap& gap, std::size_t op_count) {
  if (gap.kind == Gap::Kind::wrap) return {OpRange{gap.release + 1, op_count}, OpRange{0, gap.need}};
  return {OpRange{gap.release + 1, gap.need}, OpRange{0, 0}};
}

GapTable list_gaps(const Schedule& schedule, const Liveness& liveness) {
  GapTable table;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    table.first.push_back(table.gaps.size());
    const auto& uses = liveness.accesses(tensor);
    if (uses.empty()) continue;
    const bool persistent = outlives_iteration(schedule.tensors[tensor].role);
    const auto add = [&](Gap::Kind kind, OpIndex release, const TensorAccess& next, bool live) {
      table.gaps.push_back({tensor, kind, release, next.op, live, next.reads, false, false});
    };
    if (!persistent) add(Gap::Kind::birth, 0, uses.front(), uses.front().reads);
    for (std::size_t i = 0; i + 1 < uses.size(); ++i)
      add(Gap::Kind::pause, uses[i].op, uses[i + 1], uses[i + 1].reads);
    if (persistent) add(Gap::Kind::wrap, uses.back().op, uses.front(), true);
  }
  table.first.push_back(table.gaps.size());
  return table;
}

std::vector<std::uint64_t> occupied_bytes(const Schedule& schedule, const Liveness& liveness,
                                          const GapTable& table) {
  const std::size_t op_count = schedule.ops.size();
  std::vector<std::uint64_t> change(op_count + 1, 0);  // wraps around below zero and back: the sums are right
  const auto occupy = [&](OpRange ops, std::uint64_t bytes) {
    if (ops.first >= ops.second) return;
    change[ops.first] += bytes;
    change[ops.second] -= bytes;
  };
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    for (const TensorAccess& use : liveness.accesses(tensor)) {
      occupy({use.op, use.op + std::size_t{1}}, schedule.tensors[tensor].bytes);
    }
  }
  for (const Gap& gap : table.gaps) {
    if (gap.absent) continue;
    for (const OpRange& ops : inner_ops(gap, op_count)) occupy(ops, schedule.tensors[gap.tensor].bytes);
  }
  std::vector<std::uint64_t> bytes(op_count);
  std::uint64_t tensors = 0;
  for (std::size_t op = 0; op < op_count; ++op) {
    tensors += change[op];
    bytes[op] = tensors + schedule.ops[op].workspace_bytes;
  }
  return bytes;
}

void keep_what_fits(const Schedule& schedule, const Liveness& liveness, GapTable& table,
                    std::uint64_t budget_bytes) {
  const std::size_t op_count = schedule.ops.size();
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < table.gaps.size(); ++i) {
    const Gap& gap = table.gaps[i];
    if (gap.absent && gap.live && gap.kind != Gap::Kind::birth) candidates.push_back(i);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
    return length(table.gaps[a], op_count) < length(table.gaps[b], op_count);
  });
  Occupancy occupancy(occupied_bytes(schedule, liveness, table));
  for (const std::size_t i : candidates) {
    Gap& gap = table.gaps[i];
    const std::uint64_t bytes = schedule.tensors[gap.tensor].bytes;
    if (bytes > budget_bytes) continue;
    const auto ranges = inner_ops(gap, op_count);
    const bool fits = std::none_of(ranges.begin(), ranges.end(), [&](const OpRange& ops) {
      return occupancy.last_above(ops.first, ops.second, budget_bytes - bytes).has_value();
    });
    if (!fits) continue;
    gap.absent = false;
    for (const OpRange& ops : ranges) occupancy.add(ops.first, ops.second, bytes);
  }
}

void mark_dirty(const Liveness& liveness, const Machine& machine, GapTable& table) {
  for (TensorId tensor = 0; tensor + 1 < table.first.size(); ++tensor) {
    const auto& uses = liveness.accesses(tensor);
    const std::size_t first = table.first[tensor];
    if (uses.empty()) continue;
    const bool born = table.gaps[first].kind == Gap::Kind::birth;
    bool dirty = false;
    for (int round = 0; round < 2; ++round) {  // a weight starts as its last iteration left it
      for (std::size_t i = 0; i < uses.size(); ++i) {
        dirty = dirty || uses[i].writes;
        const std::size_t next = first + i + (born ? 1 : 0);
        if (next == table.first[tensor + 1]) break;
        Gap& gap = table.gaps[next];
        gap.dirty = gap.absent && gap.live && (dirty || machine.clean_evictions_copy);
        if (gap.absent) dirty = false;
      }
      if (born) break;
    }
  }
}

}  // namespace octrain::advisor
