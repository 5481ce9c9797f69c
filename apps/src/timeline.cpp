#include "timeline.h"

#include <algorithm>

#include "octrain/runtime/units.h"
#include "timeline_states.h"

namespace octrain::apps {

using advisor::TensorId;
using Iteration = runtime::Trace::Iteration;

namespace {

/// Which tensors have which bytes of the arena: as the plan in use places them, else as the last that placed
/// any, else one behind the other.
class Places {
 public:
  explicit Places(const Recorded& recorded, std::size_t plan) : schedule_(recorded.schedule) {
    const std::size_t count = schedule_.tensors.size();
    for (std::size_t i = plan + 1; i-- > 0 && offsets_.empty();)
      offsets_ = advisor::arena_offsets(*recorded.plans[i].plan, count);
    if (!offsets_.empty()) shared_ = true;
    std::uint64_t end = 0;
    for (TensorId tensor = 0; !shared_ && tensor < count; ++tensor) {
      offsets_.push_back(end);
      end += runtime::round_up(schedule_.tensors[tensor].bytes, runtime::kBlockBytes);
    }
    for (TensorId tensor = 0; tensor < count; ++tensor) {
      const std::uint64_t first = offsets_[tensor] / runtime::kBlockBytes;
      const std::uint64_t last =
          runtime::round_up(offsets_[tensor] + schedule_.tensors[tensor].bytes, runtime::kBlockBytes) /
          runtime::kBlockBytes;
      if (by_block_.size() < last) by_block_.resize(last);
      for (std::uint64_t block = first; block < last; ++block) by_block_[block].push_back(tensor);
    }
  }

  /// Empty: no two tensors share bytes.
  [[nodiscard]] std::vector<std::uint64_t> offsets() const {
    return shared_ ? offsets_ : std::vector<std::uint64_t>();
  }

  /// Of those that share the block, an operand of the op that ran. Else the first; the workspace behind all.
  [[nodiscard]] TensorId at(std::uint64_t offset_bytes, const advisor::Op* op) const {
    const std::uint64_t block = offset_bytes / runtime::kBlockBytes;
    if (block >= by_block_.size() || by_block_[block].empty())
      return static_cast<TensorId>(schedule_.tensors.size());
    for (const TensorId tensor : by_block_[block]) {
      const auto is = [&](TensorId operand) { return operand == tensor; };
      if (op != nullptr && (std::any_of(op->reads.begin(), op->reads.end(), is) ||
                            std::any_of(op->writes.begin(), op->writes.end(), is)))
        return tensor;
    }
    return by_block_[block].front();
  }

 private:
  const advisor::Schedule& schedule_;
  std::vector<std::uint64_t> offsets_;
  bool shared_ = false;
  std::vector<std::vector<TensorId>> by_block_;
};

std::uint64_t end_of(const runtime::OpRun& run) {
  return run.time.start_ns + run.time.stall_ns + run.time.run_ns;
}

/// The op that ran (or was the next to) when this ended.
const advisor::Op* op_at(const advisor::Schedule& schedule, const Iteration& iteration,
                         std::uint64_t time_ns) {
  const auto run =
      std::lower_bound(iteration.runs.begin(), iteration.runs.end(), time_ns,
                       [](const runtime::OpRun& left, std::uint64_t time) { return end_of(left) < time; });
  return run == iteration.runs.end() ? nullptr : &schedule.ops[run->op];
}

bool by_the_memory(runtime::TransferKind kind) {
  return kind == runtime::TransferKind::fault || kind == runtime::TransferKind::room;
}

std::vector<BlockMoved> moved_in(const Recorded& recorded, const Iteration& iteration, const Places& places) {
  std::vector<BlockMoved> moved;
  for (const runtime::Transfer& transfer : recorded.log.transfers()) {
    if (!by_the_memory(transfer.kind)) continue;
    if (transfer.end_ns <= iteration.start_ns || transfer.end_ns > iteration.end_ns) continue;
    const bool in = transfer.kind == runtime::TransferKind::fault;
    const advisor::Op* op = in ? op_at(recorded.schedule, iteration, transfer.end_ns) : nullptr;
    const TensorId tensor = places.at(transfer.offset_bytes, op);
    if (tensor < recorded.schedule.tensors.size()) moved.push_back({tensor, in, transfer.end_ns});
  }
  std::stable_sort(moved.begin(), moved.end(), [](const BlockMoved& left, const BlockMoved& right) {
    return left.end_ns < right.end_ns;
  });
  return moved;
}

std::int64_t since(const Iteration& iteration, std::uint64_t time_ns) {
  return static_cast<std::int64_t>(time_ns) - static_cast<std::int64_t>(iteration.start_ns);
}

void add_lanes(Timeline& timeline, const Recorded& recorded, const Iteration& iteration,
               const Places& places) {
  for (const runtime::Transfer& transfer : recorded.log.transfers()) {
    if (transfer.end_ns <= iteration.start_ns || transfer.start_ns >= iteration.end_ns) continue;
    Slice slice{since(iteration, transfer.start_ns), transfer.end_ns - transfer.start_ns, transfer.bytes};
    if (!transfer.tensors.empty()) {
      slice.tensor = transfer.tensors.front();
    } else {
      slice.tensor = places.at(transfer.offset_bytes, op_at(recorded.schedule, iteration, transfer.end_ns));
    }
    timeline.lanes[static_cast<std::size_t>(transfer.kind)].push_back(slice);
  }
  for (std::vector<Slice>& lane : timeline.lanes) {
    std::stable_sort(lane.begin(), lane.end(),
                     [](const Slice& left, const Slice& right) { return left.start_ns < right.start_ns; });
  }
}

/// The last sample before the iteration tells what it began with.
void add_resident(Timeline& timeline, const Recorded& recorded, const Iteration& iteration) {
  for (const runtime::ResidentSample& sample : recorded.log.resident()) {
    if (sample.time_ns >= iteration.end_ns) break;
    const std::int64_t time_ns = std::max<std::int64_t>(0, since(iteration, sample.time_ns));
    if (!timeline.resident.empty() && timeline.resident.back().first == time_ns) timeline.resident.pop_back();
    timeline.resident.emplace_back(time_ns, sample.bytes);
  }
}

std::size_t plan_of(const Recorded& recorded, const Iteration& iteration) {
  std::size_t plan = 0;
  while (plan + 1 < recorded.plans.size() && recorded.plans[plan + 1].first <= iteration.number) ++plan;
  return plan;
}

}  // namespace

Timeline make_timeline(const Recorded& recorded) {
  Timeline timeline;
  if (recorded.iterations.empty()) return timeline;
  const Iteration& shown = recorded.iterations.back();
  std::size_t first = recorded.iterations.size() - 1;
  while (first > 0 && !recorded.iterations[first].settled) --first;
  const std::size_t plan = plan_of(recorded, shown);
  const Places places(recorded, plan);
  const std::vector<std::uint64_t> offsets = places.offsets();
  StateWalk walk(recorded.schedule, *recorded.plans[plan].plan, offsets, recorded.in_core);
  for (const Iteration& iteration : recorded.iterations.subspan(first)) {
    std::vector<std::uint64_t> ends_ns;
    for (const runtime::OpRun& run : iteration.runs) ends_ns.push_back(end_of(run));
    walk.iterate(ends_ns, moved_in(recorded, iteration, places));
  }
  timeline.iteration = shown.number;
  timeline.duration_ns = shown.end_ns - shown.start_ns;
  timeline.driver_moves = shown.memory.driver_moves;
  timeline.states = walk.states();
  for (std::size_t i = 0; i < shown.runs.size(); ++i) {
    const runtime::OpRun& run = shown.runs[i];
    timeline.steps.push_back({run.op, run.again, since(shown, run.time.start_ns), run.time.stall_ns,
                              run.time.run_ns, walk.resident_bytes().at(i)});
  }
  add_lanes(timeline, recorded, shown, places);
  add_resident(timeline, recorded, shown);
  return timeline;
}

}  // namespace octrain::apps
