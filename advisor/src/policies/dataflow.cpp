#include "dataflow.h"

#include <algorithm>
#include <queue>

namespace octrain::advisor {
namespace {

std::vector<std::vector<OpIndex>> list_producers(const Schedule& schedule) {
  std::vector<std::optional<OpIndex>> writer(schedule.tensors.size());
  std::vector<std::vector<OpIndex>> producers(schedule.ops.size());
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    for (const TensorId tensor : schedule.ops[op].reads) {
      if (writer[tensor]) producers[op].push_back(*writer[tensor]);
    }
    for (const TensorId tensor : schedule.ops[op].writes) writer[tensor] = op;
  }
  return producers;
}

std::vector<std::uint64_t> list_levels(const std::vector<std::vector<OpIndex>>& producers) {
  std::vector<std::uint64_t> levels(producers.size(), 0);
  for (std::size_t op = 0; op < producers.size(); ++op) {
    for (const OpIndex producer : producers[op]) levels[op] = std::max(levels[op], levels[producer] + 1);
  }
  return levels;
}

std::vector<std::uint64_t> below(std::vector<std::uint64_t> levels, std::uint64_t highest) {
  for (std::uint64_t& level : levels) level = highest - level;
  return levels;
}

}  // namespace

Dataflow::Dataflow(const Schedule& schedule)
    : producers_(list_producers(schedule)),
      levels_(list_levels(producers_)),
      highest_(levels_.empty() ? 0 : *std::max_element(levels_.begin(), levels_.end())),
      depth_(below(levels_, highest_)),
      seen_(schedule.ops.size(), 0) {}

std::optional<OpIndex> Dataflow::last_at_or_below(OpIndex op, std::uint64_t level) const {
  if (op == 0) return std::nullopt;
  if (level >= highest_) return op - 1;
  const auto found = depth_.last_above(0, op, highest_ - level - 1);
  if (!found) return std::nullopt;
  return static_cast<OpIndex>(*found);
}

std::optional<OpIndex> Dataflow::last_ancestor(OpIndex op, OpIndex latest) {
  ++search_;
  std::priority_queue<OpIndex> open;
  const auto add_producers = [&](OpIndex of) {
    for (const OpIndex producer : producers_[of]) {
      if (seen_[producer] == search_) continue;
      seen_[producer] = search_;
      open.push(producer);
    }
  };
  for (add_producers(op); !open.empty();) {
    const OpIndex ancestor = open.top();
    if (ancestor <= latest) return ancestor;
    open.pop();
    add_producers(ancestor);
  }
  return std::nullopt;
}

}  // namespace octrain::advisor
