#include "cuda/event_timer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cuda/ranges.h"
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
  close_range();
  if (recorded_ == 0) return;
  if (cudaEventSynchronize(events_[recorded_ - 1].get()) != cudaSuccess)
    static_cast<void>(cudaGetLastError());
}

/// A run that an error has ended before done() is no run.
void EventTimer::waits(const std::string& op) {
  close_range();
  push_range(op.c_str());
  range_is_open_ = true;
  recorded_ -= recorded_ % kOfARun;
  if (recorded_ == 0 && tells_starts_) set_reference();
  record();
}

void EventTimer::done() {
  record();
  close_range();
}

void EventTimer::close_range() {
  if (range_is_open_) pop_range();
  range_is_open_ = false;
}

/// The stream is idle then, so the event is reached as soon as it is recorded: that comes closer than the
/// time at which who waits for it has been woken up.
void EventTimer::set_reference() {
  if (!reference_) reference_ = make_timed_event();
  check(cudaStreamSynchronize(compute_), "cudaStreamSynchronize (reference of times)");
  reference_ns_ = steady_ns();
  check(cudaEventRecord(reference_.get(), compute_), "cudaEventRecord (reference of times)");
  check(cudaEventSynchronize(reference_.get()), "cudaEventSynchronize (reference of times)");
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
  std::uint64_t end_ns = 0;  // of the run before: by rounding the next may seem to begin a little earlier
  for (std::size_t event = 0; event + kOfARun <= recorded_; event += kOfARun) {
    OpTime time{ns_between(events_[event], events_[event + 1]),
                ns_between(events_[event + 1], events_[event + 2])};
    if (tells_starts_)
      time.start_ns = std::max(end_ns, reference_ns_ + ns_between(reference_, events_[event]));
    end_ns = time.start_ns + time.stall_ns + time.run_ns;
    times.push_back(time);
  }
  recorded_ = 0;
  return times;
}

}  // namespace octrain::runtime::cuda
