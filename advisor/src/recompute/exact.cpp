#include "exact.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace octrain::advisor {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};

}  // namespace

/// The sets of items that can be had in front of one op, and the least time that each takes (Dijkstra).
class ExactSearch::Frontier {
 public:
  explicit Frontier(std::size_t item_count)
      : ns_(std::size_t{1} << item_count, kNever), from_(ns_.size(), 0), move_(ns_.size(), 0) {}

  void reach(Mask mask, std::uint64_t ns, Mask from, std::uint32_t move) {
    if (ns >= ns_[mask]) return;
    if (ns_[mask] == kNever) reached_.push_back(mask);
    ns_[mask] = ns;
    from_[mask] = from;
    move_[mask] = move;
    queue_.emplace(ns, mask);
  }
  /// The next set in order of time, once each.
  std::optional<std::pair<std::uint64_t, Mask>> next() {
    while (!queue_.empty()) {
      const auto top = queue_.top();
      queue_.pop();
      if (top.first == ns_[top.second]) return top;
    }
    return std::nullopt;
  }
  /// Forgets everything, and tells what there was.
  Layer take() {
    std::sort(reached_.begin(), reached_.end());
    Layer layer;
    layer.reserve(reached_.size());
    for (const Mask mask : reached_) {
      layer.push_back({mask, from_[mask], move_[mask]});
      ns_[mask] = kNever;
    }
    reached_.clear();
    return layer;
  }

 private:
  std::vector<std::uint64_t> ns_;
  std::vector<Mask> from_;
  std::vector<std::uint32_t> move_;
  std::vector<Mask> reached_;
  std::priority_queue<std::pair<std::uint64_t, Mask>, std::vector<std::pair<std::uint64_t, Mask>>,
                      std::greater<>>
      queue_;
};

ExactSearch::ExactSearch(const PassValues& values, const Pass& pass) : lineage_(values.lineage), pass_(pass) {
  list_items(values);
  if (!possible()) return;
  list_makers(values);
  std::vector<bool> left_out(lineage_.values.size(), false);
  for (const Item& item : items_) left_out[item.value] = true;
  fixed_.emplace(lineage_, left_out, std::vector<bool>(left_out.size(), false));
}

void ExactSearch::list_items(const PassValues& values) {
  const Schedule& schedule = lineage_.schedule;
  std::vector<ValueId> ids;
  for (auto [id, end] = values.made_by(pass_); id < end; ++id) {
    if (!values.drop[id]) continue;
    ids.push_back(id);
    for (const ValueId read : lineage_.reads[lineage_.values[id].writer]) {
      if (!outlives_iteration(schedule.tensors[lineage_.values[read].tensor].role)) ids.push_back(read);
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const ValueId id : ids)
    items_.push_back({id, values.drop[id] && values.may_drop[lineage_.values[id].tensor]});
}

void ExactSearch::list_makers(const PassValues& values) {
  const Schedule& schedule = lineage_.schedule;
  for (OpIndex op = pass_.first; op < pass_.turn; ++op) {
    Maker maker{op, lineage_.last_rerun[op],  0,
                0,  schedule.ops[op].time_ns, schedule.ops[op].workspace_bytes};
    bool makes = false;
    for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
      makes = makes || values.drop[id];
      maker.writes |= mask_of(id);
      if (mask_of(id) == 0) maker.other_bytes += lineage_.bytes(id);
    }
    for (const ValueId id : lineage_.reads[op]) maker.reads |= mask_of(id);
    if (makes) makers_.push_back(maker);
  }
}

ExactSearch::Mask ExactSearch::mask_of(ValueId value) const {
  const auto item = std::lower_bound(items_.begin(), items_.end(), value,
                                     [](const Item& left, ValueId right) { return left.value < right; });
  if (item == items_.end() || item->value != value) return 0;
  return Mask{1} << (item - items_.begin());
}

ExactSearch::Effect ExactSearch::effect_of(OpIndex op) const {
  Effect effect;
  for (const ValueId id : lineage_.reads[op]) effect.reads |= mask_of(id);
  for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
    effect.writes |= mask_of(id);
    for (const Item& item : items_) {
      const bool same = lineage_.values[item.value].tensor == lineage_.values[id].tensor;
      if (same && item.value != id) effect.overwrites |= mask_of(item.value);
    }
  }
  return effect;
}

/// What is there when the pass begins.
ExactSearch::Mask ExactSearch::initial() const {
  Mask mask = 0;
  for (const Item& item : items_) {
    const OpIndex writer = lineage_.values[item.value].writer;
    if (writer == kNoOp || writer < pass_.first) mask |= mask_of(item.value);
  }
  return mask;
}

/// What can be made again, and what nobody reads any more but reruns.
ExactSearch::Mask ExactSearch::may_leave(OpIndex before) const {
  Mask mask = 0;
  for (const Item& item : items_) {
    if (item.may_drop || lineage_.values[item.value].last_read < before) mask |= mask_of(item.value);
  }
  return mask;
}

/// [mask]: the bytes of its items.
std::vector<std::uint64_t> ExactSearch::bytes_by_mask() const {
  std::vector<std::uint64_t> bytes(std::size_t{1} << items_.size(), 0);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const std::size_t bit = std::size_t{1} << i;
    for (std::size_t mask = 0; mask < bit; ++mask)
      bytes[bit + mask] = bytes[mask] + lineage_.bytes(items_[i].value);
  }
  return bytes;
}

std::optional<std::vector<Rerun>> ExactSearch::search(std::uint64_t budget_bytes) const {
  const std::vector<std::uint64_t> bytes = bytes_by_mask();
  std::vector<Layer> layers;
  Frontier here(items_.size()), next(items_.size());
  here.reach(initial(), 0, 0, kAdvance);
  for (OpIndex op = pass_.first; op < pass_.end; ++op) {
    const Effect effect = effect_of(op);
    const Mask may_drop = may_leave(op);
    while (const auto reached = here.next()) {
      const auto [ns, mask] = *reached;
      bool short_of_room = run_again(op, mask, ns, budget_bytes, bytes, here);
      if ((effect.reads & ~mask) == 0) {
        const Mask after = (mask & ~effect.overwrites) | effect.writes;
        const bool fits = fixed_->during[op] + bytes[after] <= budget_bytes;
        if (fits) next.reach(after, ns, mask, kAdvance);
        short_of_room = short_of_room || !fits;
      }
      // With room for everything there is no reason to drop anything.
      for (Mask left = short_of_room ? mask & may_drop : 0; left != 0; left &= left - 1) {
        here.reach(mask & ~(left & (~left + 1)), ns, mask, kDrop);
      }
    }
    layers.push_back(here.take());
    std::swap(here, next);
  }
  const auto best = here.next();
  if (!best) return std::nullopt;
  layers.push_back(here.take());
  return trace(layers, best->second);
}

/// Tries every maker in front of `op`; true if one does not fit.
bool ExactSearch::run_again(OpIndex op, Mask mask, std::uint64_t ns, std::uint64_t budget_bytes,
                            const std::vector<std::uint64_t>& bytes, Frontier& here) const {
  bool short_of_room = false;
  for (std::uint32_t i = 0; i < makers_.size(); ++i) {
    const Maker& maker = makers_[i];
    const bool may = maker.op < op && op <= maker.last && (maker.reads & ~mask) == 0;
    if (!may || (maker.writes & ~mask) == 0) continue;
    const Mask after = mask | maker.writes;
    const bool fits = fixed_->before[op] + bytes[after] + maker.other_bytes <= budget_bytes;
    if (fits) here.reach(after, ns + maker.ns, mask, i);
    short_of_room = short_of_room || !fits;
  }
  return short_of_room;
}

std::vector<Rerun> ExactSearch::trace(const std::vector<Layer>& layers, Mask mask) const {
  std::vector<Rerun> reruns;
  for (std::size_t i = layers.size() - 1; i > 0;) {
    const auto node = std::lower_bound(layers[i].begin(), layers[i].end(), mask,
                                       [](const Node& left, Mask right) { return left.mask < right; });
    if (node->move == kAdvance) {
      --i;
    } else if (node->move != kDrop) {
      reruns.push_back({pass_.first + static_cast<OpIndex>(i), makers_[node->move].op});
    }
    mask = node->from;
  }
  std::reverse(reruns.begin(), reruns.end());
  return reruns;
}

}  // namespace octrain::advisor
