// How far a pass is, in time.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "octrain/runtime/trainer.h"

namespace octrain::runtime {

class PassProgress {
 public:
  /// `op_ns` is what each op took the last time; empty: the schedule's estimates stand in.
  PassProgress(const advisor::Schedule& schedule, std::span<const std::uint64_t> op_ns)
      : start_(std::chrono::steady_clock::now()), ops_(schedule.ops.size()) {
    done_ns_.reserve(ops_ + 1);
    done_ns_.push_back(0);
    for (std::size_t op = 0; op < ops_; ++op) {
      const auto ns = op < op_ns.size() ? op_ns[op] : schedule.ops[op].time_ns;
      done_ns_.push_back(done_ns_.back() + static_cast<double>(ns) +
                         1);  // 1: an op of unknown time counts a little
    }
  }

  [[nodiscard]] Progress at(std::size_t ops_done) const {
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const double done = done_ns_[ops_done], left = done_ns_.back() - done;
    return {.ops_done = ops_done,
            .ops = ops_,
            .elapsed_seconds = elapsed,
            .remaining_seconds = done > 0 ? elapsed * left / done : 0};
  }

 private:
  std::chrono::steady_clock::time_point start_;
  std::size_t ops_;
  std::vector<double> done_ns_;  ///< when the first k ops are done
};

}  // namespace octrain::runtime
