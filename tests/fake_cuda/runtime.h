// The state of the fake runtime, and the frame that every call runs in.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_cuda/accounts.h"
#include "fake_cuda/fake_cuda.h"
#include "fake_cuda/journal.h"
#include "fake_cuda/memory.h"
#include "fake_cuda/stream.h"

namespace octrain::fake_cuda {

/// A piece of work that a call hands to a stream.
struct Issue {
  Stream* stream = nullptr;
  Moment moment;
  Clock clock;  ///< covers what is over before, and the work itself
  std::size_t call = 0;

  [[nodiscard]] Use use(Touch touch) const { return {touch, moment, clock, call}; }
};

/// What lasts from one reset() to the next. All of it is guarded by the mutex of `Runtime`.
struct World {
  explicit World(const Options& chosen) : options(chosen) {}

  const Options options;
  Journal journal;
  AddressSpace space;  ///< outlives the streams, whose work may use it
  Accounts accounts{journal, space};
  Clock host;           ///< what the host knows to be over
  Clock default_clock;  ///< of the NULL stream: cudaMemcpy only. It is stream 0 of the clocks
  std::size_t next_stream = 1;
  cudaError_t broken = cudaSuccess;  ///< what every call answers from now on
  std::map<cudaEvent_t, std::unique_ptr<Event>>
      events;  ///< destroyed ones too, so that no handle comes twice
  std::map<cudaStream_t, std::unique_ptr<Stream>> streams;
  std::map<cudaGraph_t, std::unique_ptr<Graph>> graphs;
  std::map<cudaGraphExec_t, std::unique_ptr<Graph>> executable_graphs;

  /// Nothing, and the violation noted, if it is none or was destroyed.
  Stream* stream(cudaStream_t handle, std::size_t call);
  Event* event(cudaEvent_t handle, std::size_t call);

  /// The next work of a stream: after all that the host and the stream have done or waited for.
  Issue issue(Stream& stream, std::size_t call) const;
  /// The same for the NULL stream, which waits for the blocking streams.
  Use issue_default(std::size_t call);
  /// Makes what the thread captures invalid, if it captures anything.
  bool break_captures_of(std::thread::id thread);
  [[nodiscard]] std::vector<std::shared_ptr<const Ticket>> last_tickets(bool blocking_only) const;
};

struct Runtime {
  static Runtime& instance();

  std::mutex mutex;
  std::unique_ptr<World> world = std::make_unique<World>(Options{});
};

/// What a call sees of itself.
struct Frame {
  World& world;
  std::unique_lock<std::mutex>& lock;
  std::size_t call = 0;
  bool failing = false;  ///< will answer an injected error; only those see it that run even so

  [[nodiscard]] Call& record() const { return world.journal.call(call); }
  /// Unlocked meanwhile.
  void wait(const Ticket& ticket) const;
  void wait_for_all(bool blocking_only = false) const;
  /// Frees what the host may have to wait for; `what`: "frees", "unmaps".
  void settle(const Uses& uses, const char* what) const;
};

struct CallRules {
  bool needs_device = true;
  bool runs_when_failing = false;  ///< calls that wait, and calls that give something back
  bool can_fail = true;
  bool is_runtime_call = true;   ///< and so sets the thread's last error
  bool breaks_captures = false;  ///< not allowed in a thread that captures
  bool ends_capture = false;     ///< may be called on a stream that is captured
};

using Body = std::function<cudaError_t(const Frame&)>;

/// Counts, logs, fails or runs one call of the API.
cudaError_t run_call(const char* name, const Body& body, const CallRules& rules = {});

inline constexpr CallRules kWaits{.runs_when_failing = true};
inline constexpr CallRules kGivesBack{.runs_when_failing = true};

/// A call on a stream: looks the stream up and answers an error for what is none.
cudaError_t run_on_stream(const char* name, cudaStream_t handle,
                          const std::function<cudaError_t(const Frame&, Stream&)>& body,
                          const CallRules& rules = {});

/// Gives the stream work, or the capture that it is under.
cudaError_t run_work(const char* name, cudaStream_t handle, const Work& work);

/// The thread's last error.
[[nodiscard]] cudaError_t& last_error();

}  // namespace octrain::fake_cuda
