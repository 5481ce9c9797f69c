#include "tflms_swaps.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace octrain::advisor {
namespace {

/// Walks every value of every tensor from its writer to its readers. A reader that `wants` a swap gets one of
/// its own, unless it `joins` the last one that did; `trigger` says after which op it comes back.
template <class Wants, class Joins, class Trigger>
std::vector<TensorSwap> walk(const Schedule& schedule, const Liveness& liveness, const Wants& wants,
                             const Joins& joins, const Trigger& trigger) {
  std::vector<TensorSwap> swaps;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    const auto& accesses = liveness.accesses(tensor);
    if (outlives_iteration(schedule.tensors[tensor].role) || accesses.empty()) continue;
    OpIndex writer = accesses.front().op;  // of an input: who first has it on the device
    std::optional<OpIndex> first_of_group;
    for (std::size_t i = 1; i < accesses.size(); ++i) {
      const OpIndex reader = accesses[i].op;
      if (accesses[i].reads && wants(writer, reader) && !(first_of_group && joins(*first_of_group, reader))) {
        first_of_group = reader;
        const std::optional<OpIndex> after = trigger(writer, reader);
        const OpIndex out = accesses[i - 1].op;
        if (after && *after > out) swaps.push_back({tensor, out, *after, writer});
      }
      if (accesses[i].writes) {
        writer = reader;
        first_of_group.reset();
      }
    }
  }
  return swaps;
}

void keep_first(std::vector<TensorSwap>& swaps, std::uint64_t tensor_count) {
  std::set<std::pair<OpIndex, TensorId>> tensors;
  for (const TensorSwap& swap : swaps) tensors.emplace(swap.writer, swap.tensor);
  if (tensors.size() <= tensor_count) return;
  const auto end = *std::next(tensors.begin(), static_cast<std::ptrdiff_t>(tensor_count));
  std::erase_if(swaps, [&](const TensorSwap& swap) { return std::pair(swap.writer, swap.tensor) >= end; });
}

}  // namespace

std::vector<TensorSwap> list_swaps(const Schedule& schedule, const Liveness& liveness, Dataflow& flow,
                                   const TflmsByOrder& rule) {
  const auto wants = [&](OpIndex writer, OpIndex reader) {
    return schedule.ops[writer].phase == Phase::forward && schedule.ops[reader].phase == Phase::backward;
  };
  const auto joins = [&](OpIndex, OpIndex) { return rule.fuses_readers; };
  const auto trigger = [&](OpIndex writer, OpIndex reader) -> std::optional<OpIndex> {
    // A lower bound that reaches back to the writer is taken for 1.
    const std::uint64_t apart = reader > writer + rule.lower_bound ? rule.lower_bound : 1;
    if (reader <= apart + 1) return std::nullopt;
    const std::uint64_t least =
        std::max<std::uint64_t>(reader - std::min<std::uint64_t>(reader, rule.upper_bound), writer);
    const auto found = flow.last_ancestor(reader, static_cast<OpIndex>(reader - apart - 1));
    return found && *found > least ? found : std::nullopt;
  };
  std::vector<TensorSwap> swaps = walk(schedule, liveness, wants, joins, trigger);
  keep_first(swaps, rule.tensor_count);
  return swaps;
}

std::vector<TensorSwap> list_swaps(const Schedule& schedule, const Liveness& liveness, const Dataflow& flow,
                                   const TflmsByLevel& rule) {
  const auto wants = [&](OpIndex writer, OpIndex reader) {
    return flow.level(reader) > flow.level(writer) + rule.threshold;
  };
  const auto joins = [&](OpIndex first, OpIndex reader) {
    return flow.level(reader) <= flow.level(first) + rule.group_by;
  };
  const auto trigger = [&](OpIndex, OpIndex reader) -> std::optional<OpIndex> {
    if (flow.level(reader) < rule.ahead) return std::nullopt;
    return flow.last_at_or_below(reader, flow.level(reader) - rule.ahead);
  };
  return walk(schedule, liveness, wants, joins, trigger);
}

}  // namespace octrain::advisor
