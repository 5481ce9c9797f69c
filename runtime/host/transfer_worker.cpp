#include "host/transfer_worker.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace octrain::runtime::host {

TransferWorker::TransferWorker(Pager& pager, Tier& tier, Direction direction)
    : pager_(pager), direction_(direction), channel_(tier.open_channel()), thread_([this] { run(); }) {}

void TransferWorker::run() {
  try {
    work();
  } catch (...) {
    pager_.fail(std::current_exception());
    abandon();
  }
}

void TransferWorker::work() {
  Lock lock = pager_.lock();
  while (true) {
    if (start_next(lock)) continue;
    if (!under_way_.empty()) {
      finish_one(lock);
    } else if (pager_.ended()) {
      return;
    } else if (pager_.orders().head(direction_) == nullptr) {
      pager_.wait_for_orders(lock);
    } else {
      pager_.wait(lock);
    }
  }
}

/// One step of the oldest order; false when it has to wait for something.
bool TransferWorker::start_next(Lock& lock) {
  if (pager_.ended() || under_way_.size() == kChannelDepth) return false;
  Orders::Job* job = pager_.orders().head(direction_);
  if (job == nullptr) return false;
  if (job->next == job->end) {
    pager_.orders().close_head(direction_);
    pager_.announce_orders();
    return true;
  }
  const BlockId block = job->next;
  if (pager_.moving(block)) return false;  // a fault or an eviction for room has it just now
  const bool resident = pager_.state(block) == BlockState::resident;
  if (resident == (direction_ == Direction::in) || (!resident && direction_ == Direction::out)) {
    ++job->next;
    return true;
  }
  if (direction_ == Direction::out) {
    ++job->next;
    const TensorId tensor = job->tensor;
    pager_.orders().block_started(tensor);
    start(lock, pager_.begin_out(lock, block, Cause::hint), tensor);
    return true;
  }
  if (!pager_.take_room()) return make_room(lock);
  ++job->next;
  pager_.orders().block_started(job->tensor);
  start(lock, pager_.begin_in(block, Cause::hint), job->tensor);
  return true;
}

/// What is under way lands first: only then may the worker wait for room.
bool TransferWorker::make_room(Lock& lock) {
  if (!under_way_.empty()) return false;
  pager_.set_bring_in_starved(true);
  pager_.make_room(lock, *channel_);
  pager_.set_bring_in_starved(false);
  return true;
}

void TransferWorker::start(Lock& lock, Move move, TensorId tensor) {
  move.tensor = tensor;
  if (!move.carries) return end(lock, move, 0);
  if (under_way_.empty()) busy_since_ = Clock::now();
  under_way_.push_back(move);
  lock.unlock();
  channel_->start(pager_.transfer(move));
  lock.lock();
}

void TransferWorker::finish_one(Lock& lock) {
  lock.unlock();
  const TierTransfer ended = channel_->finish_one();
  const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const Move& move) { return move.block == ended.block; });
  const Move move = *found;
  under_way_.erase(found);
  lock.lock();
  note_busy();
  end(lock, move, ended.error);
}

/// Block by block: whoever takes the counters while the tier is busy finds the time that their bytes took.
void TransferWorker::note_busy() {
  MemoryCounters& counters = pager_.counters();
  const Clock::time_point now = Clock::now(), since = std::exchange(busy_since_, now);
  (direction_ == Direction::in ? counters.in_busy_ns : counters.out_busy_ns) +=
      static_cast<std::uint64_t>(std::chrono::nanoseconds(now - since).count());
}

void TransferWorker::end(Lock& lock, const Move& move, int error) {
  lock.unlock();
  pager_.end(move, error);
  lock.lock();
}

/// After a failure: every block that is still under way goes back to where it was, or arrives.
void TransferWorker::abandon() {
  bool channel_works = true;
  while (!under_way_.empty()) {
    try {
      Lock lock = pager_.lock();
      if (channel_works) {
        channel_works = false;  // unless it says otherwise by returning
        finish_one(lock);
      } else {
        const Move move = under_way_.back();
        under_way_.pop_back();
        end(lock, move, EIO);
      }
      channel_works = true;
    } catch (const std::exception&) {
      // Its first failure is what the executor is told.
    }
  }
}

}  // namespace octrain::runtime::host
