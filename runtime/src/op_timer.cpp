#include "octrain/runtime/op_timer.h"

#include <chrono>
#include <utility>

namespace octrain::runtime {

namespace {

class ThreadTimer final : public OpTimer {
 public:
  void waits() override { begun_ = Clock::now(); }
  void runs() override { times_.push_back({lap(), 0}); }
  void done() override { times_.back().run_ns = lap(); }
  std::vector<OpTime> take() override { return std::exchange(times_, {}); }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t lap() {
    const Clock::time_point now = Clock::now();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(now - std::exchange(begun_, now)).count());
  }

  Clock::time_point begun_;
  std::vector<OpTime> times_;
};

}  // namespace

std::unique_ptr<OpTimer> make_thread_timer() { return std::make_unique<ThreadTimer>(); }

}  // namespace octrain::runtime
