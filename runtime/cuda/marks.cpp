#include "cuda/marks.h"

#include <algorithm>

#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {

void Marks::put(OpSerial op) {
  EventRef event = events_.take();
  check(cudaEventRecord(event->get(), compute_), "cudaEventRecord (end of an op)");
  const std::scoped_lock lock(mutex_);
  marks_.push_back({op, std::move(event)});
}

void Marks::wait_for(OpSerial op) {
  EventRef event;
  {
    const std::scoped_lock lock(mutex_);
    if (op <= passed_) return;
    const auto mark = std::find_if(marks_.begin(), marks_.end(), [&](const Mark& m) { return m.op >= op; });
    if (mark != marks_.end()) event = mark->event;
  }
  if (event != nullptr) {
    check(cudaEventSynchronize(event->get()), "cudaEventSynchronize (end of an op)");
  } else {  // its mark could not be put
    check(cudaStreamSynchronize(compute_), "cudaStreamSynchronize (ops)");
  }
  const std::scoped_lock lock(mutex_);
  note_passed(op);
}

bool Marks::passed(OpSerial op) const {
  const std::scoped_lock lock(mutex_);
  return op <= passed_;
}

void Marks::clear() {
  const std::scoped_lock lock(mutex_);
  if (!marks_.empty()) note_passed(marks_.back().op);
}

void Marks::note_passed(OpSerial op) {
  passed_ = std::max(passed_, op);
  while (!marks_.empty() && marks_.front().op <= passed_) marks_.pop_front();
}

}  // namespace octrain::runtime::cuda
