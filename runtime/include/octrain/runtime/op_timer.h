// How long ops waited and ran, measured where they run: on the clock of the executor's thread, or on a device
// that works behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace octrain::runtime {

/// The clock of traces: std::chrono::steady_clock, since its epoch.
[[nodiscard]] std::uint64_t steady_ns();

/// Of one run of an op.
struct OpTime {
  std::uint64_t stall_ns = 0;  ///< waited for transfers of its operands
  std::uint64_t run_ns = 0;    ///< computed, demand faults included
  /// When it began to wait, by steady_ns(); may be 0 where starts were not asked for.
  std::uint64_t start_ns = 0;
};

/// For each run of an op waits(), runs(), done(), in this order, from the executor's thread; these wait for
/// nothing (but the first after a take(), where starts are asked for).
class OpTimer {
 public:
  virtual ~OpTimer() = default;
  OpTimer(const OpTimer&) = delete;
  OpTimer& operator=(const OpTimer&) = delete;

  /// `op`: its name, for profilers.
  virtual void waits(const std::string& op) = 0;
  virtual void runs() = 0;
  virtual void done() = 0;
  /// Whether take() is to tell starts as well. Between take() and waits().
  virtual void tell_starts(bool wanted) = 0;
  /// Waits until all that was begun has ended; answers the times since the last take(), in order.
  [[nodiscard]] virtual std::vector<OpTime> take() = 0;

 protected:
  OpTimer() = default;
};

/// For ops that are done when their function returns.
[[nodiscard]] std::unique_ptr<OpTimer> make_thread_timer();

}  // namespace octrain::runtime
