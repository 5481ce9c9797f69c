// SIGINT and SIGTERM as a flag: training stops at the next iteration's end, after a snapshot. A second signal
// ends the process at once.
#pragma once

#include <csignal>

namespace octrain::runtime {

/// Handlers are in place for the life of this object; one at a time in a process.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_int_, old_term_;
};

/// The signal that came since the guard was made, or 0. The exit code is 128 + signal: 130, 143.
[[nodiscard]] int pending_interrupt();

}  // namespace octrain::runtime
