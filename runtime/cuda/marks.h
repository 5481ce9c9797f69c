// Where the device stands among the ops that it was given.
#pragma once

#include <deque>
#include <mutex>

#include "cuda/event_pool.h"
#include "cuda/orders.h"

namespace octrain::runtime::cuda {

/// put() and clear() from the executor's thread, all else from any. Throws CudaError.
class Marks {
 public:
  Marks(cudaStream_t compute, EventPool& events) : compute_(compute), events_(events) {}

  /// All that the compute stream was given so far is run `op` and those before it.
  void put(OpSerial op);
  /// Waits until run `op` has ended on the device.
  void wait_for(OpSerial op);
  /// Whether it is known to have ended.
  [[nodiscard]] bool passed(OpSerial op) const;
  /// The compute stream has nothing left to do.
  void clear();

 private:
  struct Mark {
    OpSerial op = 0;
    EventRef event;
  };
  void note_passed(OpSerial op);

  cudaStream_t compute_;
  EventPool& events_;
  mutable std::mutex mutex_;
  std::deque<Mark> marks_;  // those that are not known to be passed
  OpSerial passed_ = 0;
};

}  // namespace octrain::runtime::cuda
