// What tests ask of the fake runtime, and what they are told.
#include <utility>

#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

/// False if one of them is not memory.
bool note(const Frame& frame, const std::vector<Range>& ranges, const Use& use, Toucher toucher) {
  bool all_there = true;
  for (const Range& range : ranges) {
    frame.record().operands.push_back({range.address, range.bytes, use.touch});
    all_there = frame.world.accounts.touch(range, use, toucher) && all_there;
  }
  return all_there;
}

/// Runs with the world locked.
template <typename Function>
auto look(Function function) {
  const std::lock_guard lock(Runtime::instance().mutex);
  return function(*Runtime::instance().world);
}

std::string leak(const World& world, std::size_t call, const std::string& what) {
  return what + " of " + world.journal.describe(call);
}

}  // namespace

void reset(const Options& options) {
  auto fresh = std::make_unique<World>(options);
  std::unique_lock lock(Runtime::instance().mutex);
  std::swap(Runtime::instance().world, fresh);
  lock.unlock();
  last_error() = cudaSuccess;
  // The old world ends here, after its streams, whose host functions may take the lock.
}

void set_budget(std::uint64_t bytes) {
  look([&](World& world) { world.accounts.set_budget(bytes); });
}

cudaError_t launch(cudaStream_t stream, const std::vector<Range>& reads, const std::vector<Range>& writes,
                   std::function<void()> function, std::string label) {
  return run_work("launch", stream,
                  [reads, writes, function = std::move(function), label = std::move(label)](
                      const Frame& frame, Stream& found) {
                    frame.record().label = label;
                    const Issue issue = frame.world.issue(found, frame.call);
                    const bool reads_there = note(frame, reads, issue.use(Touch::kRead), Toucher::kKernel);
                    const bool writes_there = note(frame, writes, issue.use(Touch::kWrite), Toucher::kKernel);
                    if (!reads_there || !writes_there) return cudaErrorIllegalAddress;
                    found.enqueue(function);
                    return cudaSuccess;
                  });
}

void host_access(const std::vector<Range>& reads, const std::vector<Range>& writes) {
  const auto body = [&](const Frame& frame) {
    const auto use = [&](Touch touch) { return Use{touch, std::nullopt, frame.world.host, frame.call}; };
    note(frame, reads, use(Touch::kRead), Toucher::kHost);
    note(frame, writes, use(Touch::kWrite), Toucher::kHost);
    return cudaSuccess;
  };
  run_call("host_access", body, {.can_fail = false});
}

Place where(const void* address) {
  return look([&](World& world) { return world.accounts.where(address); });
}

std::vector<Call> log() {
  return look([](World& world) {
    return std::vector<Call>(world.journal.calls().begin(), world.journal.calls().end());
  });
}

std::size_t calls(std::string_view name) {
  return look([&](World& world) { return world.journal.count(name); });
}

std::vector<Violation> violations() {
  return look([](World& world) { return world.journal.violations(); });
}

std::string violations_text() {
  std::string text;
  for (const Violation& violation : violations()) text += violation.text + "\n";
  return text;
}

Counters counters() {
  return look([](World& world) { return world.accounts.counters(); });
}

std::vector<std::string> leaks() {
  return look([](World& world) {
    std::vector<std::string> leaks;
    for (const auto& [call, what] : world.space.kept()) leaks.push_back(leak(world, call, what));
    for (const auto& [handle, stream] : world.streams)
      if (!stream->destroyed && !stream->refused) leaks.push_back(leak(world, stream->call, "the stream"));
    for (const auto& [handle, event] : world.events)
      if (!event->destroyed && !event->refused) leaks.push_back(leak(world, event->call, "the event"));
    for (const auto& [handle, graph] : world.graphs)
      if (!graph->destroyed && !graph->refused) leaks.push_back(leak(world, graph->call, "the graph"));
    for (const auto& [handle, graph] : world.executable_graphs)
      if (!graph->destroyed && !graph->refused)
        leaks.push_back(leak(world, graph->call, "the executable graph"));
    return leaks;
  });
}

void fail_call(std::size_t n, cudaError_t error, std::string_view name) {
  look([&](World& world) { world.journal.fail(n, error, name); });
}

bool failure_pending() {
  return look([](World& world) { return world.journal.failure_pending(); });
}

}  // namespace octrain::fake_cuda
