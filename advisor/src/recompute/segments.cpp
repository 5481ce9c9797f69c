// SuperNeurons (PPoPP'18): the results of dear ops are checkpoints; what lies between two of them is a
// segment.
//   speed:  a segment's values are made again once, at the first need of each, and kept from then on;
//   memory: they are made again from the checkpoint for every op that needs them, and freed behind it;
//   cost:   speed for the segments whose values together are no larger than what the largest op needs anyway,
//           memory for the others.
#include <algorithm>
#include <numeric>

#include "methods.h"
#include "op_cost.h"
#include "refill.h"

namespace octrain::advisor {
namespace {

const std::vector<PolicyOption>& segment_options() {
  static const std::vector<PolicyOption> options = {
      {"dear_ratio", 6, 0, 1e6,
       "checkpoints are the results of ops that take this many times as long for a byte written as the "
       "fastest "
       "ops for a byte moved"},
      {"longest_chain", 64, 1, 1e6, "no value is dropped that takes more reruns than this"},
  };
  return options;
}

enum class Style { speed, memory, cost };

class Segments {
 public:
  Segments(const PlanRequest& request, const TensorSet& may_drop)
      : schedule_(request.schedule),
        lineage_(request.schedule),
        dropped_(values_to_drop(lineage_, may_drop)),
        parent_(dropped_.size()) {
    std::iota(parent_.begin(), parent_.end(), ValueId{0});
    settle(dear_ops(lineage_, request.value(segment_options()[0])), request.value(segment_options()[1]));
  }

  std::vector<Rerun> reruns(Style style) {
    std::vector<bool> stays(dropped_.size(), style != Style::memory);
    if (style == Style::cost) {
      const std::vector<std::uint64_t> bytes = segment_bytes();
      const std::uint64_t limit = largest_op_bytes(schedule_);
      for (ValueId id = 0; id < stays.size(); ++id) stays[id] = bytes[segment_of(id)] <= limit;
    }
    return rerun_on_demand(lineage_, dropped_, stays);
  }

 private:
  /// Which values are dropped after all, in the order in which they are made, and the segments they form.
  void settle(const std::vector<bool>& dear, double longest_chain) {
    // [op]: the ops that run to make its results again, and the bytes of dead values that this keeps alive
    std::vector<double> chain(schedule_.ops.size(), 1);
    std::vector<std::uint64_t> revived(schedule_.ops.size(), 0);
    for (OpIndex op = 0; op < schedule_.ops.size(); ++op) {
      OpIndex wanted = 0;  // by the backward pass
      std::uint64_t saved = 0;
      for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
        const Value& value = lineage_.values[id];
        if (!dropped_[id] || !value.read_late()) continue;
        wanted = std::max(wanted, value.first_late);
        if (value.first_late == value.last_early + 1) continue;  // nobody would use the room
        saved += lineage_.bytes(id);
      }
      for (const ValueId id : lineage_.reads[op]) {
        const Value& value = lineage_.values[id];
        if (dropped_[id]) {
          chain[op] += chain[value.writer];
          revived[op] += revived[value.writer];
        } else if (!outlives_iteration(schedule_.tensors[value.tensor].role) &&
                   (!value.read_late() || value.last_read < wanted)) {
          revived[op] += lineage_.bytes(id);
        }
      }
      const bool pays = wanted == 0 || saved > revived[op];
      if (dear[op] || chain[op] > longest_chain || !pays) keep(op);
      join(op);
    }
  }

  void keep(OpIndex op) {
    for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) dropped_[id] = false;
  }

  void join(OpIndex op) {
    for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
      if (!dropped_[id]) continue;
      for (const ValueId read : lineage_.reads[op]) {
        if (dropped_[read]) parent_[segment_of(read)] = segment_of(id);
      }
      const ValueId first = lineage_.first_value[op];
      if (dropped_[first]) parent_[segment_of(first)] = segment_of(id);
    }
  }

  ValueId segment_of(ValueId id) {
    while (parent_[id] != id) id = parent_[id] = parent_[parent_[id]];
    return id;
  }

  /// [the value that stands for a segment]: the bytes of its values that the backward pass reads.
  std::vector<std::uint64_t> segment_bytes() {
    std::vector<std::uint64_t> bytes(dropped_.size(), 0);
    for (ValueId id = 0; id < dropped_.size(); ++id) {
      if (dropped_[id] && lineage_.values[id].read_late()) bytes[segment_of(id)] += lineage_.bytes(id);
    }
    return bytes;
  }

  const Schedule& schedule_;
  Lineage lineage_;
  std::vector<bool> dropped_;    // by value
  std::vector<ValueId> parent_;  // by value: leads to the one that stands for its segment
};

template <Style style>
std::vector<Rerun> choose(const PlanRequest& request, const TensorSet& may_drop) {
  return Segments(request, may_drop).reruns(style);
}

}  // namespace

RecomputeMethod speed_method() {
  return {"speed", "reruns what is cheap, once, and keeps it (SuperNeurons, PPoPP'18)", segment_options(),
          choose<Style::speed>};
}

RecomputeMethod memory_method() {
  return {"memory", "reruns what is cheap for every use, and frees it (SuperNeurons)", segment_options(),
          choose<Style::memory>};
}

RecomputeMethod cost_method() {
  return {"cost", "a segment at a time: speed if it is small, else memory (SuperNeurons)", segment_options(),
          choose<Style::cost>};
}

}  // namespace octrain::advisor
