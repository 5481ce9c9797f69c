#include "cuda/block_space.h"

#include <algorithm>
#include <utility>

#include "cuda/event_timer.h"
#include "octrain/runtime/cuda/driver_meter.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

std::uint64_t bytes_of(const Ranges& ranges) { return count(ranges) * kBlockBytes; }

}  // namespace

BlockSpace::BlockSpace(Parts parts)
    : layout_(std::move(parts.layout)),
      limit_(parts.limit),
      demand_only_(parts.demand_only),
      compute_(parts.compute),
      driver_(parts.driver),
      memory_(std::move(parts.memory)),
      marks_(compute_, events_),
      dispatch_(limit_, marks_),
      account_(layout_.block_count()),
      copies_(make_stream()) {
  try {
    for (const Lane lane : kAllLanes)
      workers_.push_back(std::make_unique<LaneWorker>(lane, parts.device, dispatch_, *memory_, events_));
  } catch (...) {
    dispatch_.stop();  // or those that were made would wait for ever
    throw;
  }
}

BlockSpace::~BlockSpace() {
  dispatch_.stop();
  workers_.clear();
  if (cudaStreamSynchronize(compute_) != cudaSuccess) static_cast<void>(cudaGetLastError());
}

void BlockSpace::place(std::span<const std::uint64_t> arena_offsets) { layout_.place(arena_offsets); }

std::byte* BlockSpace::address(TensorId tensor) {
  return memory_->device_address(layout_.blocks(tensor).first);
}
std::byte* BlockSpace::workspace() { return address(layout_.workspace()); }

/// Every call that may issue orders. An op that was never released has ended with an error; what it was given
/// is on the device's list nevertheless.
Lock BlockSpace::begin_call() {
  end_op();
  Lock lock = dispatch_.lock();
  dispatch_.rethrow_failure();
  return lock;
}

void BlockSpace::end_op() {
  if (!op_is_open_) return;
  marks_.put(last_op_);
  op_is_open_ = false;
  if (demand_only_) return;  // its workspace stays until it is evicted
  const Lock lock = dispatch_.lock();
  bury(account_.at(layout_.blocks(layout_.workspace()), Place::device), true);
}

void BlockSpace::issue(Lane lane, const Ranges& ranges, Owner tensor) {
  if (ranges.empty()) return;
  Order order = account_.order(lane, ranges);
  order.tensor = tensor;
  account_.note(lane, dispatch_.issue(lane, std::move(order)), ranges);
  const bool on_device = takes_room(lane), holds_what_the_host_has = lane == Lane::in;
  account_.move(ranges, on_device ? Place::device : Place::host, on_device && !holds_what_the_host_has);
}

/// Contents die, and their pages stay.
void BlockSpace::bury(const Ranges& ranges, bool wanted_again) {
  account_.bury(ranges, wanted_again);
  dispatch_.bury(count(ranges));
}

/// Dead pages are for new contents, which the host has not. Of those who use the pages, all come from the
/// compute stream: it keeps the order.
void BlockSpace::revive(const Ranges& ranges) {
  account_.move(ranges, Place::device, true);
  dispatch_.revive(count(ranges));
}

/// Dead pages go.
void BlockSpace::give_up(const Ranges& dead) {
  issue(Lane::drop, dead);
  account_.move(dead, Place::nowhere, false);
}

/// Pages go without a copy, since the host has their contents.
void BlockSpace::let_go(const Ranges& clean, Owner tensor) {
  dispatch_.bury(count(clean));
  issue(Lane::drop, clean, tensor);
}

void BlockSpace::prefetch(TensorId tensor) {
  Lock lock = begin_call();
  const BlockRange range = layout_.blocks(tensor);
  revive(account_.at(range, Place::dead));
  const Ranges coming = account_.at(range, Place::host), unmapped = account_.at(range, Place::nowhere);
  if (coming.empty() && unmapped.empty()) return;
  make_room(lock, count(coming) + count(unmapped),
            [&](BlockId block) { return block < range.first || block >= range.end(); });
  issue(Lane::in, coming, tensor);
  issue(Lane::reserve, unmapped, tensor);
}

void BlockSpace::evict(TensorId tensor) {
  Lock lock = begin_call();
  const BlockRange range = layout_.blocks(tensor);
  dispatch_.wait_until_begun(lock, account_.bringing({range}));
  const auto is_clean = [&](BlockId block) { return memory_->keeps_host_copy() && !account_[block].dirty; };
  const auto on_device = [&](BlockId block) { return account_[block].place == Place::device; };
  const Ranges leaving = account_.those(range, [&](BlockId b) { return on_device(b) && !is_clean(b); });
  const Ranges clean = account_.those(range, [&](BlockId b) { return on_device(b) && is_clean(b); });
  issue(Lane::out, leaving, tensor);
  let_go(clean, tensor);
}

void BlockSpace::discard(TensorId tensor) {
  Lock lock = begin_call();
  const BlockRange range = layout_.blocks(tensor);
  dispatch_.wait_until_begun(lock, account_.bringing({range}));
  const Ranges on_device = account_.at(range, Place::device);
  bury(on_device);
  account_.move(account_.at(range, Place::host), Place::nowhere, false);
  counters().discarded_bytes += bytes_of(on_device);
}

/// So that by the account `blocks` more fit on the device: dead pages go first, then (where faults can bring
/// it back) what came longest ago.
void BlockSpace::make_room(Lock& lock, BlockId blocks, const Condition& may_leave) {
  const auto missing = [&] {
    const BlockId wanted = account_.mapped() + blocks;
    return wanted > limit_ ? wanted - limit_ : 0;
  };
  give_up(account_.dead(missing()));
  if (missing() > 0 && memory_->serves_faults()) send_away(lock, missing(), may_leave);
  if (missing() == 0) return;
  throw InvalidPlan("the plan leaves no room for " + format_bytes(missing() * kBlockBytes) + " in the " +
                    format_bytes(limit_ * kBlockBytes) +
                    " of device memory: it must evict or discard before");
}

void BlockSpace::send_away(Lock& lock, BlockId most, const Condition& may_leave) {
  const Ranges leaving = account_.oldest(most, may_leave);
  dispatch_.wait_until_begun(lock, account_.bringing(leaving));
  issue(Lane::out, leaving);
  counters().driver_evicted_bytes += bytes_of(leaving);
}

void BlockSpace::quiesce() {
  Lock lock = begin_call();
  dispatch_.wait_until_idle(lock);
}

void BlockSpace::wait_for_device() {
  end_op();
  check(cudaStreamSynchronize(compute_), "cudaStreamSynchronize (ops)");
  marks_.clear();
}

void BlockSpace::begin_iteration() {
  wait_for_device();
  if (!demand_only_ || account_.mapped() <= limit_) return;
  Lock lock = begin_call();
  make_room(lock, 0, [](BlockId) { return true; });
  dispatch_.wait_until_idle(lock);
}

std::unique_ptr<OpTimer> BlockSpace::make_timer() { return std::make_unique<EventTimer>(compute_); }

MemoryCounters BlockSpace::take_counters() {
  Lock lock = dispatch_.lock();
  MemoryCounters counters = dispatch_.take_counters();
  lock.unlock();
  counters.driver_moves = memory_->serves_faults();
  if (driver_ != nullptr) counters.driver = driver_->take();
  return counters;
}

void BlockSpace::record_transfers(TransferLog* log) {
  const Lock lock = dispatch_.lock();
  dispatch_.record(log);
}

std::uint64_t BlockSpace::resident_bytes() const {
  const Lock lock = dispatch_.lock();
  return dispatch_.resident() * kBlockBytes;
}

std::string BlockSpace::description() const {
  const std::string mode = !memory_->serves_faults() ? "explicit" : demand_only_ ? "um-naive" : "um";
  return "cuda " + mode + ", " + memory_->description();
}

}  // namespace octrain::runtime::cuda
