#include "cuda/event_timer.h"

#include <cmath>
#include <utility>

#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

std::uint64_t ns_between(const Event& start, const Event& end) {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.get(), end.get()), "cudaEventElapsedTime");
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(milliseconds) * 1e6));
}

}  // namespace

EventTimer::~EventTimer() {
  if (recorded_ == 0) return;
  if (cudaEventSynchronize(events_[recorded_ - 1].get()) != cudaSuccess)
    static_cast<void>(cudaGetLastError());
}

/// A run that an error has ended before done() is no run.
void EventTimer::waits() {
  recorded_ -= recorded_ % kOfARun;
  record();
}

void EventTimer::record() {
  if (recorded_ == events_.size()) events_.push_back(make_timed_event());
  check(cudaEventRecord(events_[recorded_].get(), compute_), "cudaEventRecord (time of an op)");
  ++recorded_;
}

std::vector<OpTime> EventTimer::take() {
  if (recorded_ == 0) return {};
  check(cudaEventSynchronize(events_[recorded_ - 1].get()), "cudaEventSynchronize (end of the ops)");
  std::vector<OpTime> times;
  for (std::size_t event = 0; event + kOfARun <= recorded_; event += kOfARun) {
    times.push_back(
        {ns_between(events_[event], events_[event + 1]), ns_between(events_[event + 1], events_[event + 2])});
  }
  recorded_ = 0;
  return times;
}

}  // namespace octrain::runtime::cuda
