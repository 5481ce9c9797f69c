#include "octrain/runtime/op_timer.h"

#include <chrono>
#include <utility>

namespace octrain::runtime {

namespace {

std::uint64_t ns_since_epoch(std::chrono::steady_clock::time_point time) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

class ThreadTimer final : public OpTimer {
 public:
  void waits(const std::string&) override { begun_ = Clock::now(); }
  void runs() override {
    const std::uint64_t start_ns = ns_since_epoch(begun_);
    times_.push_back({lap(), 0, start_ns});
  }
  void done() override { times_.back().run_ns = lap(); }
  void tell_starts(bool) override {}  // they cost nothing
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

std::uint64_t steady_ns() { return ns_since_epoch(std::chrono::steady_clock::now()); }

std::unique_ptr<OpTimer> make_thread_timer() { return std::make_unique<ThreadTimer>(); }

}  // namespace octrain::runtime
