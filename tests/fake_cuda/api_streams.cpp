// Streams, events and host functions.
#include <algorithm>
#include <chrono>

#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

constexpr int kLeastPriority = 0;
constexpr int kGreatestPriority = -5;

cudaError_t create_stream(const char* name, cudaStream_t* stream, unsigned int flags) {
  return run_call(name, [&](const Frame& frame) {
    if (stream == nullptr || (flags != cudaStreamDefault && flags != cudaStreamNonBlocking))
      return cudaErrorInvalidValue;
    World& world = frame.world;
    auto made = std::make_unique<Stream>(world.next_stream++, flags == cudaStreamDefault, world.options.seed,
                                         world.options.longest_delay);
    made->call = frame.call;
    *stream = reinterpret_cast<cudaStream_t>(made.get());
    frame.record().stream = *stream;
    world.streams.emplace(*stream, std::move(made));
    return cudaSuccess;
  });
}

/// A call on an event: looks it up and answers an error for what is none.
cudaError_t run_on_event(const char* name, cudaEvent_t handle,
                         const std::function<cudaError_t(const Frame&, Event&)>& body,
                         const CallRules& rules = {}) {
  return run_call(
      name,
      [&](const Frame& frame) {
        frame.record().event = handle;
        Event* event = frame.world.event(handle, frame.call);
        return event != nullptr ? body(frame, *event) : cudaErrorInvalidResourceHandle;
      },
      rules);
}

/// A call on both.
cudaError_t run_on_both(const char* name, cudaStream_t stream_handle, cudaEvent_t event_handle,
                        const std::function<void(const Frame&, Stream&, Event&)>& body) {
  return run_on_stream(name, stream_handle, [&](const Frame& frame, Stream& stream) {
    frame.record().event = event_handle;
    Event* event = frame.world.event(event_handle, frame.call);
    if (event == nullptr) return cudaErrorInvalidResourceHandle;
    body(frame, stream, *event);
    return cudaSuccess;
  });
}

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

cudaError_t cudaDeviceGetStreamPriorityRange(int* leastPriority, int* greatestPriority) {
  return run_call("cudaDeviceGetStreamPriorityRange", [&](const Frame&) {
    if (leastPriority != nullptr) *leastPriority = kLeastPriority;
    if (greatestPriority != nullptr) *greatestPriority = kGreatestPriority;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* pStream, unsigned int flags) {
  return create_stream("cudaStreamCreateWithFlags", pStream, flags);
}

/// Priorities change nothing here, and as in CUDA those out of range are taken for the nearest.
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* pStream, unsigned int flags, int) {
  return create_stream("cudaStreamCreateWithPriority", pStream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return run_on_stream(
      "cudaStreamDestroy", stream,
      [](const Frame& frame, Stream& found) {
        if (!frame.world.host.covers(found.clock.last(found.number)))
          frame.world.journal.violate(Defect::kDestroyInUse, frame.call,
                                      "the host has not waited for the stream's work");
        if (frame.failing) {
          found.refused = true;
          return cudaSuccess;
        }
        found.destroyed = true;
        found.close();
        return cudaSuccess;
      },
      kGivesBack);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return run_on_stream(
      "cudaStreamSynchronize", stream,
      [](const Frame& frame, Stream& found) {
        const Clock then = found.clock;
        frame.wait(*found.last());
        frame.world.host.join(then);
        return cudaSuccess;
      },
      kWaits);
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return run_on_stream("cudaStreamQuery", stream, [](const Frame& frame, Stream& found) {
    if (!found.last()->over()) return cudaErrorNotReady;
    frame.world.host.join(found.clock);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return run_call("cudaDeviceSynchronize",
                  [](const Frame& frame) {
                    Clock then = frame.world.default_clock;
                    for (const auto& [handle, stream] : frame.world.streams) then.join(stream->clock);
                    frame.wait_for_all();
                    frame.world.host.join(then);
                    return cudaSuccess;
                  },
                  {.runs_when_failing = true, .breaks_captures = true});
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  return run_on_both("cudaStreamWaitEvent", stream, event,
                     [](const Frame& frame, Stream& waiting, Event& awaited) {
                       if (awaited.recorded == nullptr) return;  // an event of no work
                       waiting.clock.join(awaited.clock);
                       awaited.uses.add(frame.world.issue(waiting, frame.call).moment, frame.call);
                       waiting.enqueue([ticket = awaited.recorded] { ticket->wait(); });
                     });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return run_call("cudaEventCreateWithFlags", [&](const Frame& frame) {
    if (event == nullptr || (flags & ~(cudaEventBlockingSync | cudaEventDisableTiming)) != 0)
      return cudaErrorInvalidValue;
    auto made = std::make_unique<Event>();
    made->timed = (flags & cudaEventDisableTiming) == 0;
    made->call = frame.call;
    *event = reinterpret_cast<cudaEvent_t>(made.get());
    frame.record().event = *event;
    frame.world.events.emplace(*event, std::move(made));
    return cudaSuccess;
  });
}

/// CUDA lets an event be destroyed while work waits for it; this project does not.
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return run_on_event(
      "cudaEventDestroy", event,
      [](const Frame& frame, Event& found) {
        if (const auto open = found.uses.open_at(frame.world.host))
          frame.world.journal.violate(Defect::kDestroyInUse, frame.call,
                                      "the host has not waited for " + frame.world.journal.describe(*open));
        (frame.failing ? found.refused : found.destroyed) = true;
        return cudaSuccess;
      },
      kGivesBack);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return run_on_both("cudaEventRecord", stream, event,
                     [](const Frame& frame, Stream& recording, Event& found) {
                       const Issue issue = frame.world.issue(recording, frame.call);
                       found.clock = issue.clock;
                       found.uses.add(issue.moment, frame.call);
                       found.recorded = recording.enqueue({});
                     });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return run_on_event(
      "cudaEventSynchronize", event,
      [](const Frame& frame, Event& found) {
        if (found.recorded == nullptr) return cudaSuccess;
        const Clock then = found.clock;
        const auto ticket = found.recorded;
        frame.wait(*ticket);
        frame.world.host.join(then);
        return cudaSuccess;
      },
      kWaits);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return run_on_event("cudaEventQuery", event, [](const Frame& frame, Event& found) {
    if (found.recorded != nullptr && !found.recorded->over()) return cudaErrorNotReady;
    frame.world.host.join(found.clock);
    return cudaSuccess;
  });
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t end) {
  return run_on_event("cudaEventElapsedTime", start, [&](const Frame& frame, Event& first) {
    const Event* second = frame.world.event(end, frame.call);
    if (ms == nullptr) return cudaErrorInvalidValue;
    for (const Event* event : {static_cast<const Event*>(&first), second})
      if (event == nullptr || !event->timed || event->recorded == nullptr)
        return cudaErrorInvalidResourceHandle;
    if (!first.recorded->over() || !second->recorded->over()) return cudaErrorNotReady;
    const std::chrono::duration<float, std::milli> took = second->recorded->when() - first.recorded->when();
    *ms = took.count();
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t fn, void* userData) {
  return run_on_stream("cudaLaunchHostFunc", stream, [&](const Frame& frame, Stream& found) {
    if (fn == nullptr) return cudaErrorInvalidValue;
    found.enqueue([fn, userData, clock = frame.world.issue(found, frame.call).clock, &world = frame.world] {
      {
        // The function may tell a thread of the host, which we cannot see: then the host knows.
        const std::lock_guard lock(Runtime::instance().mutex);
        world.host.join(clock);
      }
      fn(userData);
    });
    return cudaSuccess;
  });
}

}  // extern "C"
