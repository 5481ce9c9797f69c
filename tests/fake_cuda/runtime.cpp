#include "fake_cuda/runtime.h"

#include "fake_cuda/errors.h"

namespace octrain::fake_cuda {

Runtime& Runtime::instance() {
  static Runtime runtime;
  return runtime;
}

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

Stream* World::stream(cudaStream_t handle, std::size_t call) {
  const auto found = streams.find(handle);
  if (found == streams.end()) return nullptr;
  if (!found->second->destroyed) return found->second.get();
  journal.violate(Defect::kUseAfterDestroy, call, "the stream was destroyed");
  return nullptr;
}

Event* World::event(cudaEvent_t handle, std::size_t call) {
  const auto found = events.find(handle);
  if (found == events.end()) return nullptr;
  if (!found->second->destroyed) return found->second.get();
  journal.violate(Defect::kUseAfterDestroy, call, "the event was destroyed");
  return nullptr;
}

Issue World::issue(Stream& stream, std::size_t call) const {
  stream.clock.join(host);
  if (stream.blocking) stream.clock.join(default_clock);
  const Moment moment = stream.clock.tick(stream.number);
  return {&stream, moment, stream.clock, call};
}

Use World::issue_default(std::size_t call) {
  default_clock.join(host);
  for (const auto& [handle, stream] : streams)
    if (stream->blocking) default_clock.join(stream->clock);
  const Moment moment = default_clock.tick(0);
  return {Touch::kNone, moment, default_clock, call};
}

bool World::break_captures_of(std::thread::id thread) {
  bool found = false;
  for (const auto& [handle, stream] : streams) {
    if (stream->capture == nullptr || stream->capture->thread != thread) continue;
    stream->capture->invalid = found = true;
  }
  return found;
}

std::vector<std::shared_ptr<const Ticket>> World::last_tickets(bool blocking_only) const {
  std::vector<std::shared_ptr<const Ticket>> tickets;
  for (const auto& [handle, stream] : streams)
    if (stream->blocking || !blocking_only) tickets.push_back(stream->last());
  return tickets;
}

void Frame::wait(const Ticket& ticket) const {
  lock.unlock();
  ticket.wait();
  lock.lock();
}

void Frame::wait_for_all(bool blocking_only) const {
  const auto tickets = world.last_tickets(blocking_only);
  lock.unlock();
  for (const auto& ticket : tickets) ticket->wait();
  lock.lock();
}

void Frame::settle(const Uses& uses, const char* what) const {
  Clock known = world.host;
  known.join(world.default_clock);  // cudaFree waits for copies that cudaMemcpy left under way
  const auto open = uses.open_at(known);
  if (!open) return;
  world.journal.violate(
      Defect::kFreeInUse, call,
      std::string(what) + " what the host has not waited for: " + world.journal.describe(*open));
  wait_for_all();  // so that the test goes on
}

cudaError_t run_call(const char* name, const Body& body, const CallRules& rules) {
  Runtime& runtime = Runtime::instance();
  std::unique_lock lock(runtime.mutex);
  World& world = *runtime.world;
  const std::size_t call = world.journal.begin(name);
  cudaError_t result = rules.needs_device ? world.options.device_error : cudaSuccess;
  if (on_stream_thread()) {
    world.journal.violate(Defect::kCallFromStream, call,
                          "host functions and kernels may call no CUDA function");
    result = cudaErrorNotPermitted;
  }
  if (rules.breaks_captures && world.break_captures_of(std::this_thread::get_id()))
    result = cudaErrorStreamCaptureUnsupported;
  cudaError_t injected = rules.can_fail ? world.journal.injected(name) : cudaSuccess;
  if (is_sticky(injected)) world.broken = injected;
  if (rules.can_fail && rules.needs_device && world.broken != cudaSuccess) injected = world.broken;
  if (result == cudaSuccess && (injected == cudaSuccess || rules.runs_when_failing)) {
    try {
      result = body(Frame{world, lock, call, injected != cudaSuccess});
    } catch (const std::bad_alloc&) {
      result = cudaErrorMemoryAllocation;
    }
  }
  if (injected != cudaSuccess) result = injected;
  world.journal.call(call).result = result;
  if (rules.is_runtime_call && result != cudaSuccess && result != cudaErrorNotReady) last_error() = result;
  return result;
}

cudaError_t run_on_stream(const char* name, cudaStream_t handle,
                          const std::function<cudaError_t(const Frame&, Stream&)>& body,
                          const CallRules& rules) {
  return run_call(
      name,
      [&](const Frame& frame) {
        frame.record().stream = handle;
        if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread)
          return cudaErrorNotSupported;  // of this fake
        Stream* stream = frame.world.stream(handle, frame.call);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->capture != nullptr && !rules.ends_capture) {
          stream->capture->invalid = true;
          return cudaErrorStreamCaptureUnsupported;
        }
        return body(frame, *stream);
      },
      rules);
}

cudaError_t run_work(const char* name, cudaStream_t handle, const Work& work) {
  return run_on_stream(name, handle,
                       [&](const Frame& frame, Stream& stream) {
                         if (stream.capture == nullptr) return work(frame, stream);
                         if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
                         stream.capture->work.push_back(work);
                         return cudaSuccess;
                       },
                       {.ends_capture = true});
}

}  // namespace octrain::fake_cuda
