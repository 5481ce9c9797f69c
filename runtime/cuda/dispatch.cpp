#include "cuda/dispatch.h"

#include <algorithm>
#include <utility>

#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

/// The most of one piece. Where contents are copied, what follows waits for it, and so does an op that needs
/// the last of its blocks; but between two pieces the link rests for the time of a few calls.
constexpr BlockId blocks_at_once(Lane lane) { return lane == Lane::in || lane == Lane::out ? 32 : 1024; }

/// Moves blocks from one to the other, at most `most`.
void take(Ranges& from, BlockId most, Batch& to) {
  std::size_t whole = 0;
  while (whole < from.size() && most > 0) {
    BlockRange& range = from[whole];
    const BlockId count = std::min(range.count, most);
    to.ranges.push_back({range.first, count});
    to.blocks += count;
    most -= count;
    range = {range.first + count, range.count - count};
    if (range.count == 0) ++whole;
  }
  from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(whole));
}

}  // namespace

OrderId Dispatch::issue(Lane lane, Order order) {
  order.id = ++last_id_;
  queue(lane).issued = order.id;
  queue(lane).orders.push_back(std::move(order));
  changed_.notify_all();
  return last_id_;
}

template <class Condition>
void Dispatch::wait_until(Lock& lock, Condition condition) {
  rethrow_failure();
  while (!condition()) {
    changed_.wait(lock);
    rethrow_failure();
  }
}

void Dispatch::wait_until_begun(Lock& lock, const Orders& orders) {
  wait_until(lock, [&] {
    return std::all_of(kAllLanes.begin(), kAllLanes.end(),
                       [&](Lane lane) { return queue(lane).begun >= orders[index(lane)]; });
  });
}

void Dispatch::wait_until_done(Lock& lock, const Orders& orders) {
  wait_until(lock, [&] { return all_done(orders); });
}

void Dispatch::wait_until_idle(Lock& lock) {
  Orders all{};
  for (const Lane lane : kAllLanes) all[index(lane)] = queue(lane).issued;
  wait_until_done(lock, all);
}

void Dispatch::wait_for_room(Lock& lock, BlockId blocks) {
  wait_until(lock, [&] { return used_ + blocks <= limit_; });
}

std::vector<EventRef> Dispatch::events(const Orders& orders) const {
  std::vector<EventRef> events;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (queues_[lane].done >= orders[lane]) continue;
    const auto& moving = queues_[lane].moving;
    const auto piece = std::find_if(moving.begin(), moving.end(),
                                    [&](const Moving& m) { return m.completes >= orders[lane]; });
    events.push_back(piece->event);
  }
  return events;
}

bool Dispatch::all_done(const Orders& orders) const {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (queues_[lane].done < orders[lane]) return false;
  }
  return true;
}

bool Dispatch::ready(Lane lane) const {
  const Queue& queue = queues_[index(lane)];
  return !queue.orders.empty() && all_done(queue.orders.front().behind) &&
         marks_.passed(queue.orders.front().after);
}

/// For the lane's next piece. What an op waits for now goes before what will be needed later.
BlockId Dispatch::room(Lane lane) const {
  if (!takes_room(lane)) return blocks_at_once(lane);
  if (lane != Lane::outputs && ready(Lane::outputs)) return 0;
  return std::min(blocks_at_once(lane), limit_ - std::min(limit_, used_));
}

std::optional<Batch> Dispatch::next(Lane lane) {
  if (over()) return std::nullopt;
  Batch batch;
  auto& orders = queue(lane).orders;
  const BlockId most = room(lane);
  while (batch.blocks < most && ready(lane)) {
    take(orders.front().ranges, most - batch.blocks, batch);
    if (!orders.front().ranges.empty()) break;
    batch.completes = orders.front().id;
    orders.pop_front();
  }
  if (batch.blocks == 0) return std::nullopt;
  if (takes_room(lane)) take_room(batch.blocks);
  return batch;
}

void Dispatch::await(Lock& lock, Lane lane) {
  const auto& orders = queue(lane).orders;
  if (!orders.empty() && all_done(orders.front().behind) && !marks_.passed(orders.front().after)) {
    const OpSerial after = orders.front().after;
    lock.unlock();
    marks_.wait_for(after);
    lock.lock();
    return;
  }
  changed_.wait(lock);
}

void Dispatch::begun(Lane lane, const Batch& batch, EventRef event) {
  queue(lane).moving.push_back({batch.completes, std::move(event)});
  if (batch.completes != 0) queue(lane).begun = batch.completes;
  changed_.notify_all();
}

void Dispatch::done(Lane lane, const Batch& batch) {
  queue(lane).moving.pop_front();
  if (batch.completes != 0) queue(lane).done = batch.completes;
  if (!takes_room(lane)) used_ -= batch.blocks;
  changed_.notify_all();
}

void Dispatch::take_room(BlockId blocks) {
  used_ += blocks;
  counters_.peak_resident_bytes = std::max(counters_.peak_resident_bytes, used_ * kBlockBytes);
}

MemoryCounters Dispatch::take_counters() {
  MemoryCounters fresh;
  fresh.peak_resident_bytes = used_ * kBlockBytes;
  return std::exchange(counters_, fresh);
}

void Dispatch::fail(const std::exception_ptr& failure) {
  const Lock held = lock();
  if (!failure_) failure_ = failure;
  changed_.notify_all();
}

void Dispatch::stop() {
  const Lock held = lock();
  stopping_ = true;
  changed_.notify_all();
}

}  // namespace octrain::runtime::cuda
