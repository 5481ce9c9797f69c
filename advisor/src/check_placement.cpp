#include <algorithm>

#include "check_walk.h"

namespace octrain::advisor {
namespace {

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

bool lies_in_place(const Schedule& schedule, OpIndex op, const Overwrite& pair, const Offsets& offsets) {
  const Op& entry = schedule.ops[op];
  const TensorInfo &read = schedule.tensors[pair.read], &written = schedule.tensors[pair.written];
  const bool offered =
      std::find(entry.overwrites.begin(), entry.overwrites.end(), pair) != entry.overwrites.end();
  const bool from_one_to_another = contains(entry.reads, pair.read) && !contains(entry.writes, pair.read) &&
                                   contains(entry.writes, pair.written) &&
                                   !contains(entry.reads, pair.written);
  const bool die = !outlives_iteration(read.role) && !outlives_iteration(written.role);
  return offered && from_one_to_another && die && read.bytes > 0 && read.bytes == written.bytes &&
         offsets[pair.read] && offsets[pair.read] == offsets[pair.written];
}

Offsets check_placements(const Schedule& schedule, const Plan& plan, Verdicts& verdicts) {
  Offsets offsets(schedule.tensors.size());
  for (const Action& action : plan.actions) {
    if (action.kind != ActionKind::place) continue;
    if (offsets[action.target]) {
      verdicts.add(Defect::placed_twice, 0, action.target,
                   verdicts.tensor_text(action.target) + " is placed twice");
    } else {
      offsets[action.target] = action.offset_bytes;
    }
  }
  const auto missing = std::find(offsets.begin(), offsets.end(), std::nullopt);
  if (missing != offsets.end() &&
      std::any_of(offsets.begin(), offsets.end(), [](const auto& o) { return o; })) {
    const auto tensor = static_cast<TensorId>(missing - offsets.begin());
    verdicts.add(Defect::not_placed, 0, tensor,
                 verdicts.tensor_text(tensor) + " has no place, but others have");
  }
  return offsets;
}

Holders::Holders(const Schedule& schedule, Offsets offsets)
    : schedule_(schedule), offsets_(std::move(offsets)) {}

bool Holders::holds(TensorId tensor) const {
  const auto found = by_offset_.find(*offsets_[tensor]);
  return found != by_offset_.end() && found->second == tensor;
}

std::optional<TensorId> Holders::in_the_way(TensorId tensor) const {
  if (!offsets_[tensor] || schedule_.tensors[tensor].bytes == 0 || holds(tensor)) return {};
  const std::uint64_t offset = *offsets_[tensor], end = offset + schedule_.tensors[tensor].bytes;
  const auto above = by_offset_.lower_bound(offset);
  if (above != by_offset_.end() && above->first < end) return above->second;
  if (above == by_offset_.begin()) return {};
  const auto below = std::prev(above);
  if (below->first + schedule_.tensors[below->second].bytes > offset) return below->second;
  return {};
}

void Holders::take(TensorId tensor) {
  if (offsets_[tensor] && schedule_.tensors[tensor].bytes > 0) by_offset_[*offsets_[tensor]] = tensor;
}

void Holders::give_up(TensorId tensor) {
  if (offsets_[tensor] && holds(tensor)) by_offset_.erase(*offsets_[tensor]);
}

}  // namespace octrain::advisor
