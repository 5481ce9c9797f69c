// The thread of one lane: takes what is ready, gives it to the device, waits until it has ended.
//
// It waits on the host rather than by events, since the driver defers hints on a stream that is busy.
#pragma once

#include <chrono>
#include <deque>
#include <thread>

#include "cuda/block_memory.h"
#include "cuda/dispatch.h"
#include "cuda/ranges.h"

namespace octrain::runtime::cuda {

class LaneWorker {
 public:
  /// What fails later is the dispatch's failure. Throws CudaError.
  LaneWorker(Lane lane, int device, Dispatch& dispatch, BlockMemory& memory, EventPool& events);
  /// Waits for what is under way. The dispatch has been stopped.
  ~LaneWorker();
  LaneWorker(const LaneWorker&) = delete;
  LaneWorker& operator=(const LaneWorker&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    Batch batch;
    EventRef event;
    Clock::time_point since;  // it was given to the device
    RangeId range = 0;
  };

  void run();
  void work();
  void start(Lock& lock, Batch batch);
  void finish_oldest(Lock& lock);
  void note_moved(const Piece& piece);

  const Lane lane_;
  const int device_;
  Dispatch& dispatch_;
  BlockMemory& memory_;
  EventPool& events_;
  Stream stream_;
  std::deque<Piece> under_way_;
  Clock::time_point last_end_;  // of a piece
  std::jthread thread_;         // last: it uses all above
};

}  // namespace octrain::runtime::cuda
