// Events that are used again when nobody needs them any more.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "octrain/runtime/cuda/handles.h"

namespace octrain::runtime::cuda {

using EventRef = std::shared_ptr<const Event>;

/// For any thread. Outlives what it gave.
class EventPool {
 public:
  /// An event for order alone, which comes back when its last holder lets go. Throws CudaError.
  [[nodiscard]] EventRef take() {
    std::unique_ptr<Event> event = take_idle();
    if (event == nullptr) event = std::make_unique<Event>(make_event());
    return {event.release(), [this](Event* used) { give_back(std::unique_ptr<Event>(used)); }};
  }

 private:
  std::unique_ptr<Event> take_idle() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Event> event = std::move(idle_.back());
    idle_.pop_back();
    return event;
  }
  void give_back(std::unique_ptr<Event> event) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(event));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Event>> idle_;
};

}  // namespace octrain::runtime::cuda
