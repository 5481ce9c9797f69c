// G10 (Zhang et al., MICRO'23). With everything on the device, take the inactive interval that relieves it
// most (bytes x time above the limit); its tensor leaves at the interval's start and comes back as late as
// the link allows, each transfer taking its share of the link's time there; repeat until everything fits.
// Then move the bring-ins earlier while there is room. An interval that the link has no time for is left
// alone.
//
// Where no interval is left and ops still do not fit, the least recently used leaves, as it would on demand.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "demand_pager.h"
#include "gap_plan.h"
#include "gaps.h"
#include "leave_on_demand.h"
#include "link_buckets.h"
#include "occupancy.h"
#include "policies.h"
#include "pressure.h"

namespace octrain::advisor {
namespace {

constexpr PolicyOption kHoist{"hoist", 1, 0, 1, "bring back earlier than the link needs while there is room"};
constexpr PolicyOption kBucket{"bucket-us", 0, 0, 1e9,
                               "least time over which the link is shared out; 0: an op"};
constexpr PolicyOption kLiveness{"liveness", 1, 0, 1,
                                 "discard the dead; otherwise they are sent away like the living"};

/// With each interval taken, those around it are worth less. Where that is true of very many, the best of so
/// many looked at again is taken for the best of all: else the time would grow with the square of the ops.
constexpr std::size_t kMostRescored = 256;

using Use = LinkBuckets::Use;

class G10 {
 public:
  explicit G10(const PlanRequest& request)
      : schedule_(request.schedule),
        request_(request),
        op_count_(request.schedule.ops.size()),
        liveness_(request.schedule),
        table_(list_gaps(request.schedule, liveness_)),
        dead_(dead_after_ops(operands_by_op(request.schedule), liveness_)),
        first_link_(request.schedule, bucket_ns()),
        second_link_(first_link_),
        in_(first_link_),
        out_(request.machine.link_duplex ? second_link_ : first_link_) {
    if (request.value(kLiveness) == 0) forget_liveness();
    for (Gap& gap : table_.gaps) {
      gap.absent = gap.kind == Gap::Kind::birth || !gap.live;
      absences_.push_back({gap.release + std::size_t{1}, gap.need});
    }
  }

  Plan plan() {
    for (std::size_t i = 0; i < table_.gaps.size(); ++i) {
      const Gap& gap = table_.gaps[i];
      if (gap.absent && gap.copies_in)  // an input: it travels in any case
        absences_[i].back = in_.start(0, gap.need, in_ns(gap), Use::take).boundary;
    }
    relieve();
    leave_on_demand(schedule_, liveness_, request_.budget_bytes, table_);
    return gap_plan(table_, arrivals(), dead_);
  }

 private:
  /// Of a gap, as boundaries.
  struct Absence {
    std::size_t left = 0;  // the write-out is over; from op_count_ on it is in the next iteration
    std::size_t back = 0;  // the bring-in begins, in the iteration of the use after
  };
  using Entry = std::pair<double, std::size_t>;

  [[nodiscard]] std::uint64_t bucket_ns() const {
    return static_cast<std::uint64_t>(request_.value(kBucket) * 1e3);
  }
  [[nodiscard]] std::uint64_t bytes(const Gap& gap) const { return schedule_.tensors[gap.tensor].bytes; }
  [[nodiscard]] std::uint64_t travel_ns(const Gap& gap, double bytes_per_s) const {
    if (bytes_per_s <= 0) return 0;
    return request_.machine.transfer_latency_ns +
           static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes(gap)) / bytes_per_s * 1e9));
  }
  [[nodiscard]] std::uint64_t in_ns(const Gap& gap) const {
    return gap.copies_in ? travel_ns(gap, request_.machine.link_in_bytes_per_s) : 0;
  }
  [[nodiscard]] std::uint64_t out_ns(const Gap& gap) const {
    return travel_ns(gap, request_.machine.link_out_bytes_per_s);
  }
  [[nodiscard]] static bool wraps(const Gap& gap) { return gap.kind == Gap::Kind::wrap; }

  /// The dead stay until the iteration ends, unless they are sent away.
  void forget_liveness() {
    GapTable kept;
    dead_.assign(op_count_, {});
    for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor) {
      kept.first.push_back(kept.gaps.size());
      for (std::size_t i = table_.first[tensor]; i < table_.first[tensor + 1]; ++i) {
        kept.gaps.push_back(table_.gaps[i]);
        kept.gaps.back().live = table_.gaps[i].live || table_.gaps[i].kind == Gap::Kind::pause;
      }
      const auto& uses = liveness_.accesses(tensor);
      if (uses.empty() || outlives_iteration(schedule_.tensors[tensor].role)) continue;
      const auto end = static_cast<OpIndex>(op_count_);
      kept.gaps.push_back({tensor, Gap::Kind::pause, uses.back().op, end, true, false, false, false});
      dead_.back().push_back(tensor);
    }
    kept.first.push_back(kept.gaps.size());
    table_ = std::move(kept);
  }

  /// Benefits only shrink while intervals are taken, so the queue's may be out of date but never too small.
  void relieve() {
    Pressure pressure(schedule_, occupied_bytes(schedule_, liveness_, table_), request_.budget_bytes);
    std::priority_queue<Entry, std::vector<Entry>, Later> queue;
    for (std::size_t i = 0; i < table_.gaps.size(); ++i) {
      if (table_.gaps[i].absent) continue;
      if (const double gain = benefit(table_.gaps[i], pressure); gain > 0) queue.emplace(gain, i);
    }
    std::vector<bool> settled(table_.gaps.size(), false);
    std::vector<Entry> rescored;  // since the last was settled
    const auto settle = [&](std::size_t i) {
      take(i, pressure);
      settled[i] = true;
      rescored.clear();
    };
    while (pressure.any() && !queue.empty()) {
      const auto [expected, i] = queue.top();
      queue.pop();
      const double gain = settled[i] ? 0 : benefit(table_.gaps[i], pressure);
      if (gain <= 0) continue;
      if (gain < expected) {
        queue.emplace(gain, i);
        rescored.emplace_back(gain, i);
        if (rescored.size() < kMostRescored) continue;
      }
      settle(gain < expected ? std::max_element(rescored.begin(), rescored.end(), Later())->second : i);
    }
  }

  /// The greatest benefit first, among equals the first gap.
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.first != b.first ? a.first < b.first : a.second > b.second;
    }
  };

  [[nodiscard]] double benefit(const Gap& gap, const Pressure& pressure) const {
    const std::uint64_t over_ns = wraps(gap) ? pressure.time_over(gap.release + std::size_t{1}, op_count_) +
                                                   pressure.time_over(0, gap.need)
                                             : pressure.time_over(gap.release + std::size_t{1}, gap.need);
    return static_cast<double>(bytes(gap)) * static_cast<double>(over_ns);
  }

  /// Does nothing if the link has no time for it, or none is left in between.
  void take(std::size_t i, Pressure& pressure) {
    Gap& gap = table_.gaps[i];
    const auto absence = travel(gap, Use::look);
    if (!absence || absence->left >= absence->back + round(gap)) return;
    (void)travel(gap, Use::take);
    absences_[i] = *absence;
    gap.absent = true;
    if (!wraps(gap)) return pressure.relieve(absence->left, absence->back, bytes(gap));
    pressure.relieve(absence->left, op_count_, bytes(gap));
    pressure.relieve(from_start(gap, absence->left), absence->back, bytes(gap));
  }

  /// Out as early and back as late as the link has time for it; nothing where it has too little.
  std::optional<Absence> travel(const Gap& gap, Use use) {
    auto out = out_.end(gap.release + std::size_t{1}, wraps(gap) ? op_count_ : gap.need, out_ns(gap), use);
    if (wraps(gap) && out.missing_ns > 0) {
      out = out_.end(0, gap.need, out.missing_ns, use);
      out.boundary += op_count_;
    }
    if (out.missing_ns > 0) return std::nullopt;
    const auto in = in_.start(from_start(gap, out.boundary), gap.need, in_ns(gap), use);
    if (in.missing_ns > 0) return std::nullopt;
    return Absence{out.boundary, in.boundary};
  }

  [[nodiscard]] std::size_t round(const Gap& gap) const { return wraps(gap) ? op_count_ : 0; }
  /// A boundary of the gap, in the iteration of the use after; its start if the boundary is in the one
  /// before.
  [[nodiscard]] std::size_t from_start(const Gap& gap, std::size_t boundary) const {
    return std::max(boundary, round(gap)) - round(gap);
  }
  /// The first boundary at which the gap's tensor may come back.
  [[nodiscard]] std::size_t earliest(std::size_t i) const {
    const Gap& gap = table_.gaps[i];
    return gap.kind == Gap::Kind::birth ? 0 : from_start(gap, absences_[i].left);
  }

  /// As late as the link allows, later where there is no room yet; then earlier where there is.
  std::vector<Arrival> arrivals() {
    Occupancy occupancy(occupied_bytes(schedule_, liveness_, table_));
    std::vector<std::pair<std::size_t, std::size_t>> coming;  // bring-in begins, gap
    for (std::size_t i = 0; i < table_.gaps.size(); ++i) {
      const Gap& gap = table_.gaps[i];
      if (!gap.absent) continue;
      if (gap.kind != Gap::Kind::birth && gap.live) add_departure(i, occupancy);
      if (gap.copies_in) coming.emplace_back(gap.need, i);
    }
    std::sort(coming.begin(), coming.end());
    for (auto& [begin, i] : coming) {
      begin = std::max(absences_[i].back, first_with_room(i, begin, occupancy));
      occupancy.add(begin, table_.gaps[i].need, bytes(table_.gaps[i]));
    }
    std::stable_sort(coming.begin(), coming.end(), [](auto a, auto b) { return a.first < b.first; });
    if (request_.value(kHoist) != 0) hoist(coming, occupancy);
    std::vector<Arrival> result;
    for (const auto& [begin, i] : coming) {
      const Gap& gap = table_.gaps[i];
      result.push_back({static_cast<OpIndex>(begin), gap.need, gap.tensor, true});
    }
    return result;
  }

  void hoist(std::vector<std::pair<std::size_t, std::size_t>>& coming, Occupancy& occupancy) {
    for (auto& [begin, i] : coming) {
      const std::size_t late = begin;
      begin = first_with_room(i, late, occupancy);
      occupancy.add(begin, late, bytes(table_.gaps[i]));
    }
    std::stable_sort(coming.begin(), coming.end(), [](auto a, auto b) { return a.first < b.first; });
  }

  /// The first boundary from which on the gap's tensor has room until `end`.
  [[nodiscard]] std::size_t first_with_room(std::size_t i, std::size_t end,
                                            const Occupancy& occupancy) const {
    const std::uint64_t limit = request_.budget_bytes - bytes(table_.gaps[i]);
    const auto full = occupancy.last_above(earliest(i), end, limit);
    return full ? *full + 1 : std::min(earliest(i), end);
  }

  void add_departure(std::size_t i, Occupancy& occupancy) {
    const Gap& gap = table_.gaps[i];
    const std::size_t left = absences_[i].left;
    occupancy.add(gap.release + std::size_t{1}, wraps(gap) ? std::min(left, op_count_) : left, bytes(gap));
    if (wraps(gap)) occupancy.add(0, from_start(gap, left), bytes(gap));
  }

  const Schedule& schedule_;
  const PlanRequest& request_;
  std::size_t op_count_;
  Liveness liveness_;
  GapTable table_;
  DeadByOp dead_;
  std::vector<Absence> absences_;  // by gap
  LinkBuckets first_link_, second_link_;
  LinkBuckets& in_;
  LinkBuckets& out_;  // the same, unless the link is duplex
};

PlanResult plan_g10(const PlanRequest& request) {
  if (auto result = infeasible(request, "g10")) return *std::move(result);
  PlanResult result;
  result.policy = "g10";
  result.plan = G10(request).plan();
  return result;
}

constexpr std::array kOptions = {kHoist, kBucket, kLiveness};

}  // namespace

Policy g10_policy() {
  return {"g10", "evict the intervals that relieve most, prefetch as the link has time (G10, MICRO'23)",
          plan_g10, kOptions};
}

}  // namespace octrain::advisor
