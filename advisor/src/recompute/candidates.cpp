#include <algorithm>

#include "lineage.h"

namespace octrain::advisor {
namespace {

constexpr std::size_t kLongestChain = 32;  // ops for one tensor: more never pays

class Candidates {
 public:
  explicit Candidates(const Schedule& schedule)
      : schedule_(schedule),
        lineage_(schedule),
        drop_(values_to_drop(lineage_, TensorSet(schedule.tensors.size(), true))),
        starts_ns_(1, 0),
        visited_(schedule.ops.size(), 0) {
    for (const Op& op : schedule.ops) starts_ns_.push_back(starts_ns_.back() + op.time_ns);
  }

  std::vector<RecomputeCandidate> list() {
    std::vector<RecomputeCandidate> all;
    for (ValueId id = 0; id < drop_.size(); ++id) {
      const Value& value = lineage_.values[id];
      if (!drop_[id] || !value.read_late() || value.first_late == value.last_early + 1) continue;
      RecomputeCandidate candidate{value.tensor, value.last_early, value.first_late, {}, 0, 0, 0};
      if (!find_ops(value, candidate)) continue;
      candidate.bytes = dropped_bytes(value, candidate.ops);
      candidate.gap_ns = starts_ns_[value.first_late] - starts_ns_[value.last_early + 1];
      if (candidate.bytes > 0) all.push_back(std::move(candidate));
    }
    std::stable_sort(all.begin(), all.end(), [](const RecomputeCandidate& a, const RecomputeCandidate& b) {
      return a.profit() > b.profit();
    });
    return all;
  }

 private:
  /// Is the value there in front of `before` anyway, or can it be kept for nothing?
  [[nodiscard]] bool stays(ValueId id, OpIndex before) const {
    const Value& value = lineage_.values[id];
    const TensorInfo& tensor = schedule_.tensors[value.tensor];
    return value.last_read >= before || outlives_iteration(tensor.role) || tensor.role == Role::workspace;
  }

  /// The ops that make the value from what stays; false if there are too many, or some input is gone for
  /// good.
  bool find_ops(const Value& value, RecomputeCandidate& candidate) {
    ++round_;
    std::vector<OpIndex> open = {value.writer};
    visited_[value.writer] = round_;
    while (!open.empty()) {
      const OpIndex op = open.back();
      open.pop_back();
      candidate.ops.push_back(op);
      candidate.ns += schedule_.ops[op].time_ns;
      if (candidate.ops.size() > kLongestChain) return false;
      for (const ValueId read : lineage_.reads[op]) {
        if (stays(read, candidate.before)) continue;
        const OpIndex writer = lineage_.values[read].writer;
        if (!drop_[read] || lineage_.last_rerun[writer] < candidate.before) return false;
        if (visited_[writer] == round_) continue;
        visited_[writer] = round_;
        open.push_back(writer);
      }
    }
    std::sort(candidate.ops.begin(), candidate.ops.end());  // as they ran the first time
    return true;
  }

  /// Of the value, and of what the ops write besides, as far as that is not read meanwhile either.
  [[nodiscard]] std::uint64_t dropped_bytes(const Value& value, const std::vector<OpIndex>& ops) const {
    std::uint64_t bytes = 0;
    for (const OpIndex op : ops) {
      for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
        const Value& other = lineage_.values[id];
        const bool gone = other.last_early <= value.last_early && other.first_late >= value.first_late;
        if (other.read_late() && gone) bytes += lineage_.bytes(id);
      }
    }
    return bytes;
  }

  const Schedule& schedule_;
  Lineage lineage_;
  std::vector<bool> drop_;
  std::vector<std::uint64_t> starts_ns_;  // if nothing stalls
  std::vector<std::uint32_t> visited_;    // [op]: the round that has met it
  std::uint32_t round_ = 0;
};

}  // namespace

std::vector<RecomputeCandidate> recompute_candidates(const Schedule& schedule) {
  return Candidates(schedule).list();
}

}  // namespace octrain::advisor
