#include "leave_on_demand.h"

#include <set>
#include <utility>
#include <vector>

namespace octrain::advisor {
namespace {

class Sweep {
 public:
  Sweep(const Schedule& schedule, const Liveness& liveness, std::uint64_t budget_bytes, GapTable& table)
      : schedule_(schedule),
        budget_(budget_bytes),
        table_(table),
        bytes_(occupied_bytes(schedule, liveness, table)),
        begin_(bytes_.size() + 1),
        end_(bytes_.size() + 1),
        change_(bytes_.size() + 1, 0) {
    for (std::size_t i = 0; i < table.gaps.size(); ++i) {
      const Gap& gap = table.gaps[i];
      const bool wraps = gap.kind == Gap::Kind::wrap;
      const bool covers = wraps || (gap.kind == Gap::Kind::pause && gap.release + std::size_t{1} < gap.need);
      if (gap.absent || !covers) continue;
      begin_[gap.release + std::size_t{1}].push_back(i);
      end_[gap.need].push_back(i);
      if (wraps) open_.emplace(used_at(i, 0), i);
    }
  }

  void run() {
    std::uint64_t gone = 0;  // wraps around below zero and back: the sums are right
    for (std::size_t op = 0; op < bytes_.size(); ++op) {
      for (const std::size_t i : end_[op]) open_.erase({used_at(i, op), i});
      for (const std::size_t i : begin_[op]) {
        if (!table_.gaps[i].absent) open_.emplace(used_at(i, op), i);
      }
      gone += change_[op];
      while (bytes_[op] - gone > budget_ && !open_.empty()) {
        const std::size_t i = open_.begin()->second;
        open_.erase(open_.begin());
        gone += leave(i, op);
      }
    }
  }

 private:
  /// When the gap's tensor was used last, seen from `op`.
  [[nodiscard]] std::size_t used_at(std::size_t i, std::size_t op) const {
    const Gap& gap = table_.gaps[i];
    return gap.release < op ? bytes_.size() + gap.release : gap.release;
  }

  /// From `op` on it is gone; answers its bytes.
  std::uint64_t leave(std::size_t i, std::size_t op) {
    Gap& gap = table_.gaps[i];
    const std::uint64_t bytes = schedule_.tensors[gap.tensor].bytes;
    gap.absent = true;
    const bool wraps = gap.kind == Gap::Kind::wrap;
    const bool this_iteration = gap.release < op;
    change_[wraps && this_iteration ? bytes_.size() : gap.need] -= bytes;
    if (wraps && !this_iteration) change_[gap.release + std::size_t{1}] += bytes;
    return bytes;
  }

  const Schedule& schedule_;
  std::uint64_t budget_;
  GapTable& table_;
  std::vector<std::uint64_t> bytes_;
  std::vector<std::vector<std::size_t>> begin_, end_;   // by op: gaps
  std::vector<std::uint64_t> change_;                   // by op: of what is gone, on reaching it
  std::set<std::pair<std::size_t, std::size_t>> open_;  // last use and gap, of what need not be there
};

}  // namespace

void leave_on_demand(const Schedule& schedule, const Liveness& liveness, std::uint64_t budget_bytes,
                     GapTable& table) {
  Sweep(schedule, liveness, budget_bytes, table).run();
}

}  // namespace octrain::advisor
