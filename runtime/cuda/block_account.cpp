#include "cuda/block_account.h"

#include <algorithm>
#include <limits>

namespace octrain::runtime::cuda {
namespace {

void append(Ranges& ranges, BlockId block) {
  if (!ranges.empty() && ranges.back().end() == block) {
    ++ranges.back().count;
  } else {
    ranges.push_back({block, 1});
  }
}

void raise(Orders& to, const Orders& from) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) to[lane] = std::max(to[lane], from[lane]);
}

}  // namespace

Ranges BlockAccount::those(BlockRange range, const Condition& condition) const {
  Ranges found;
  for (BlockId block = range.first; block < range.end(); ++block) {
    if (condition(block)) append(found, block);
  }
  return found;
}

Ranges BlockAccount::oldest(BlockId most, const Condition& condition) const {
  std::vector<BlockId> candidates;
  for (BlockId block = 0; block < blocks_.size(); ++block) {
    if (blocks_[block].place == Place::device && condition(block)) candidates.push_back(block);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](BlockId left, BlockId right) {
    return blocks_[left].migrated < blocks_[right].migrated;
  });
  Ranges found;
  for (std::size_t i = 0; i < std::min<std::size_t>(most, candidates.size()); ++i)
    append(found, candidates[i]);
  return found;
}

Ranges BlockAccount::dead(BlockId most) const {
  Ranges found;
  for (auto next = dead_.begin(); next != dead_.end() && most > 0; ++next, --most)
    append(found, next->second);
  return found;
}

Orders BlockAccount::orders(BlockRange range) const {
  Orders last{};
  for (BlockId block = range.first; block < range.end(); ++block) raise(last, blocks_[block].orders);
  return last;
}

Orders BlockAccount::orders(const Ranges& ranges) const {
  Orders last{};
  for (const BlockRange& range : ranges) raise(last, orders(range));
  return last;
}

Orders BlockAccount::bringing(const Ranges& ranges) const {
  Orders last = orders(ranges);
  for (const Lane lane : kAllLanes) {
    if (!takes_room(lane)) last[index(lane)] = 0;
  }
  return last;
}

Order BlockAccount::order(Lane lane, const Ranges& ranges) const {
  Order order;
  order.ranges = ranges;
  order.behind = orders(ranges);
  order.behind[index(lane)] = 0;  // the lane keeps its order anyway
  if (takes_room(lane)) return order;
  for (const BlockRange& range : ranges) {
    for (BlockId block = range.first; block < range.end(); ++block)
      order.after = std::max(order.after, blocks_[block].last_use);
  }
  return order;
}

void BlockAccount::note(Lane lane, OrderId id, const Ranges& ranges) {
  for (const BlockRange& range : ranges) {
    for (BlockId block = range.first; block < range.end(); ++block) blocks_[block].orders[index(lane)] = id;
  }
}

void BlockAccount::move(const Ranges& ranges, Place place, bool dirty) {
  for (const BlockRange& range : ranges) {
    for (BlockId block = range.first; block < range.end(); ++block) move(block, place, dirty);
  }
}

void BlockAccount::move(BlockId id, Place place, bool dirty) {
  Block& block = blocks_[id];
  if (block.place == Place::dead) dead_.erase({block.given_up, id});
  if (block.place == Place::device) --on_device_;
  if (place == Place::device) ++on_device_;
  block.place = place;
  block.dirty = dirty;
  if (place == Place::device) block.migrated = ++migrations_;
}

void BlockAccount::bury(const Ranges& ranges, bool wanted_again) {
  constexpr std::uint64_t kBehindAll = std::numeric_limits<std::uint64_t>::max();
  for (const BlockRange& range : ranges) {
    for (BlockId block = range.first; block < range.end(); ++block) {
      move(block, Place::dead, false);
      blocks_[block].given_up = wanted_again ? kBehindAll - block : ++deaths_;
      dead_.insert({blocks_[block].given_up, block});
    }
  }
}

void BlockAccount::use(BlockRange range, OpSerial op) {
  for (BlockId block = range.first; block < range.end(); ++block) blocks_[block].last_use = op;
}

void BlockAccount::write(BlockRange range) {
  for (BlockId block = range.first; block < range.end(); ++block) blocks_[block].dirty = true;
}

Ranges merged(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](BlockRange left, BlockRange right) { return left.first < right.first; });
  Ranges result;
  for (const BlockRange& range : ranges) {
    if (range.count == 0) continue;
    if (result.empty() || range.first > result.back().end()) {
      result.push_back(range);
    } else {
      result.back().count = std::max(result.back().end(), range.end()) - result.back().first;
    }
  }
  return result;
}

}  // namespace octrain::runtime::cuda
