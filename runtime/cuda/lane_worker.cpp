#include "cuda/lane_worker.h"

#include <algorithm>
#include <utility>

#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

constexpr std::array<const char*, kLanes> kNames{"prefetch", "evict", "reserve", "outputs", "drop"};

}  // namespace

LaneWorker::LaneWorker(Lane lane, int device, Dispatch& dispatch, BlockMemory& memory, EventPool& events)
    : lane_(lane),
      device_(device),
      dispatch_(dispatch),
      memory_(memory),
      events_(events),
      stream_(make_stream()),
      thread_([this] { run(); }) {}

LaneWorker::~LaneWorker() {
  if (thread_.joinable()) thread_.join();
  // After a failure something may still be under way.
  if (cudaStreamSynchronize(stream_.get()) != cudaSuccess) static_cast<void>(cudaGetLastError());
}

void LaneWorker::run() {
  try {
    work();
  } catch (...) {
    dispatch_.fail(std::current_exception());
  }
}

void LaneWorker::work() {
  use_device(device_);
  name_thread(kNames[index(lane_)]);
  Lock lock = dispatch_.lock();
  while (true) {
    std::optional<Batch> batch;
    if (under_way_.size() < memory_.depth()) batch = dispatch_.next(lane_);
    if (batch) {
      start(lock, std::move(*batch));
    } else if (!under_way_.empty()) {
      finish_oldest(lock);
    } else if (dispatch_.over()) {
      return;
    } else {
      dispatch_.await(lock, lane_);
    }
  }
}

void LaneWorker::start(Lock& lock, Batch batch) {
  const Clock::time_point now = Clock::now();
  lock.unlock();
  const RangeId range = start_range(kNames[index(lane_)], batch.blocks * kBlockBytes);
  memory_.begin(lane_, batch.ranges, stream_.get());
  EventRef event = events_.take();
  check(cudaEventRecord(event->get(), stream_.get()), "cudaEventRecord (hints)");
  lock.lock();
  under_way_.push_back({std::move(batch), event, now, range});
  dispatch_.begun(lane_, under_way_.back().batch, std::move(event));
}

void LaneWorker::finish_oldest(Lock& lock) {
  Piece& piece = under_way_.front();
  lock.unlock();
  check(cudaEventSynchronize(piece.event->get()), "cudaEventSynchronize (hints)");
  memory_.end(lane_, piece.batch.ranges);
  end_range(piece.range);
  lock.lock();
  note_moved(piece);
  dispatch_.done(lane_, piece.batch);
  under_way_.pop_front();
}

/// Bytes and the time that they took together, piece by piece: whoever looks at the counters meanwhile sees a
/// speed. Pieces end in order, so the time of one begins where the one before has ended.
void LaneWorker::note_moved(const Piece& piece) {
  const Clock::time_point now = Clock::now(), since = std::max(piece.since, std::exchange(last_end_, now));
  const std::uint64_t blocks = piece.batch.blocks, by_hint = piece.batch.by_hint;
  const auto ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(now - since).count());
  MemoryCounters& counters = dispatch_.counters();
  if (lane_ == Lane::in) {
    counters.planned_in_bytes += by_hint * kBlockBytes;
    counters.in_busy_ns += ns * by_hint / blocks;
  } else if (lane_ == Lane::out) {
    counters.planned_out_bytes += by_hint * kBlockBytes;
    counters.out_busy_ns += ns * by_hint / blocks;
  }
}

}  // namespace octrain::runtime::cuda
