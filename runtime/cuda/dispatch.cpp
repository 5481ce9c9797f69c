#include "cuda/dispatch.h"

#include <algorithm>
#include <utility>

#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

/// The most of one piece. Where contents are copied, what follows waits for it, and so does an op that needs
/// the last of its blocks; but between two pieces the link rests for the time of a few calls. Where nothing
/// is copied it is the calls that cost, and an order is done in one piece: 2 GiB are more than any tensor has
/// (layers are cut into slabs), and those who wait for its room mostly want all of it.
constexpr BlockId blocks_at_once(Lane lane) {
  return lane == Lane::in || lane == Lane::out ? kBlocksOfACopy : 1024;
}

/// Moves blocks from one to the other, at most `most`; answers how many.
BlockId take(Ranges& from, BlockId most, Batch& to) {
  const BlockId before = to.blocks;
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
  return to.blocks - before;
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

Orders Dispatch::all_issued() const {
  Orders all{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) all[lane] = queues_[lane].issued;
  return all;
}

void Dispatch::wait_until_all_begun(Lock& lock) { wait_until_begun(lock, all_issued()); }

void Dispatch::wait_until_idle(Lock& lock) { wait_until_done(lock, all_issued()); }

void Dispatch::wait_for_room(Lock& lock, BlockId blocks) {
  faults_ = blocks;
  wait_until(lock, [&] { return used_ + blocks <= limit_; });
  faults_ = 0;
  changed_.notify_all();
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

/// Room that the lane's next order leaves to others: to what an op waits for now, and to what was issued
/// before and could be on its way.
BlockId Dispatch::claimed(Lane lane) const {
  if (lane == Lane::outputs) return 0;
  BlockId blocks = faults_;
  for (const Lane other : {Lane::outputs, Lane::in, Lane::reserve}) {
    if (other == lane || !ready(other)) continue;
    const Order& first = queues_[index(other)].orders.front();
    const bool before = first.id < queues_[index(lane)].orders.front().id;
    if (before || other == Lane::outputs) blocks += count(first.ranges);
  }
  return blocks;
}

/// For the lane's next order, in a piece that has `had` blocks already.
BlockId Dispatch::room(Lane lane, BlockId had) const {
  if (!ready(lane)) return 0;
  const BlockId most = blocks_at_once(lane) - had;
  if (!takes_room(lane)) return most;
  const std::uint64_t taken = std::uint64_t{used_} + claimed(lane);
  return static_cast<BlockId>(std::min<std::uint64_t>(most, limit_ - std::min<std::uint64_t>(limit_, taken)));
}

std::optional<Batch> Dispatch::next(Lane lane) {
  if (over()) return std::nullopt;
  Batch batch;
  auto& orders = queue(lane).orders;
  for (BlockId most = room(lane, 0); most > 0; most = room(lane, batch.blocks)) {
    Order& first = orders.front();
    const BlockId taken = take(first.ranges, most, batch);
    if (first.tensor) batch.by_hint += taken;
    if (log_ != nullptr) batch.parts.push_back({first.tensor, taken});
    if (takes_room(lane)) take_room(taken);
    if (!first.ranges.empty()) break;
    batch.completes = first.id;
    orders.pop_front();
  }
  if (batch.blocks == 0) return std::nullopt;
  if (log_ != nullptr) batch.began_ns = steady_ns();
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
  if (!over() && room(lane, 0) > 0) return;  // the device came so far since next() looked
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
  if (lane == Lane::drop) buried_ -= batch.blocks;
  note(lane, batch);
  note_resident();
  changed_.notify_all();
}

void Dispatch::take_room(BlockId blocks) {
  used_ += blocks;
  note_peak();
  note_resident();
}

void Dispatch::bury(BlockId blocks) {
  if (blocks == 0) return;
  buried_ += blocks;
  note_resident();
}

void Dispatch::revive(BlockId blocks) {
  if (blocks == 0) return;
  buried_ -= blocks;
  note_peak();
  note_resident();
}

void Dispatch::note_peak() {
  counters_.peak_resident_bytes = std::max(counters_.peak_resident_bytes, resident() * kBlockBytes);
}

MemoryCounters Dispatch::take_counters() {
  MemoryCounters fresh;
  fresh.peak_resident_bytes = resident() * kBlockBytes;
  return std::exchange(counters_, fresh);
}

/// What was begun before anybody asked is left out.
void Dispatch::note(Lane lane, const Batch& batch) {
  if (log_ == nullptr || batch.began_ns == 0) return;
  constexpr std::array<TransferKind, kLanes> kKinds{TransferKind::prefetch, TransferKind::evict,
                                                    TransferKind::reserve, TransferKind::reserve,
                                                    TransferKind::drop};
  Transfer transfer{.kind = kKinds[index(lane)], .tensors = {}};
  transfer.offset_bytes = batch.ranges.front().first * kBlockBytes;
  transfer.start_ns = batch.began_ns;
  Transfer for_room = transfer;
  for_room.kind = TransferKind::room;
  for (const Batch::Part& part : batch.parts) {
    Transfer& to = lane == Lane::out && !part.tensor ? for_room : transfer;
    to.bytes += part.blocks * kBlockBytes;
    if (part.tensor) to.tensors.push_back(*part.tensor);
  }
  if (transfer.bytes > 0) log_->add(std::move(transfer));
  if (for_room.bytes > 0) log_->add(std::move(for_room));
}

void Dispatch::note_resident() {
  if (log_ != nullptr) log_->resident(resident() * kBlockBytes);
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
