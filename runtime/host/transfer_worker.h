// A thread that carries out the orders of one direction, in their order, several blocks at a time.
#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "host/pager.h"
#include "host/tier.h"

namespace octrain::runtime::host {

class TransferWorker {
 public:
  TransferWorker(Pager& pager, Tier& tier, Direction direction);
  /// Stops the pager; waits for what is under way.
  ~TransferWorker() { pager_.stop(); }

 private:
  void run();
  void work();
  bool start_next(Lock& lock);
  bool make_room(Lock& lock);
  void start(Lock& lock, Move move, TensorId tensor);
  void finish_one(Lock& lock);
  void note_busy();
  void end(Lock& lock, const Move& move, int error);
  void abandon();

  using Clock = std::chrono::steady_clock;

  Pager& pager_;
  Direction direction_;
  std::unique_ptr<TierChannel> channel_;
  std::vector<Move> under_way_;
  Clock::time_point busy_since_;  // under_way_ is not empty since then
  std::jthread thread_;           // last: it uses all above
};

}  // namespace octrain::runtime::host
