// Streams that run, each on a thread of its own, and events that order them.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "fake_cuda/clock.h"

namespace octrain::fake_cuda {

/// Says when a piece of work is over.
class Ticket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void finish();
  void wait() const;
  [[nodiscard]] bool over() const;
  [[nodiscard]] TimePoint when() const;  ///< once it is over

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable finished_;
  bool over_ = false;
  TimePoint when_;
};

struct Frame;
class Stream;

/// Work that a stream can be given more than once: accounts for it and enqueues it.
using Work = std::function<cudaError_t(const Frame&, Stream&)>;

/// What a stream was given since cudaStreamBeginCapture().
struct Capture {
  std::vector<Work> work;
  std::thread::id thread;  ///< that began it
  bool invalid = false;
};

class Stream {
 public:
  Stream(std::size_t number, bool blocking, std::uint64_t seed, std::chrono::microseconds longest_delay);
  ~Stream();  ///< after all that was enqueued
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::shared_ptr<Ticket> enqueue(std::function<void()> work);
  [[nodiscard]] std::shared_ptr<const Ticket> last() const;
  void close();  ///< the thread ends after what was enqueued

  const std::size_t number;          ///< its component of clocks
  const bool blocking;               ///< ordered with the default stream
  Clock clock;                       ///< what is over before the next piece of work begins
  std::unique_ptr<Capture> capture;  ///< or null
  bool destroyed = false;
  bool refused = false;  ///< a call that was made to fail would have destroyed it
  std::size_t call = 0;  ///< that made it

 private:
  struct Item {
    std::function<void()> work;
    std::shared_ptr<Ticket> ticket;
  };

  void run();
  void dawdle();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::shared_ptr<Ticket> last_;
  bool closed_ = false;
  std::minstd_rand chance_;
  std::chrono::microseconds longest_delay_;
  std::thread thread_;
};

struct Event {
  bool timed = false;
  std::shared_ptr<const Ticket> recorded;  ///< null: never
  Clock clock;                             ///< what is over when the event is
  Uses uses;
  bool destroyed = false;
  bool refused = false;
  std::size_t call = 0;
};

/// What was captured, and what was made executable of it.
struct Graph {
  std::vector<Work> work;
  Uses uses;
  bool destroyed = false;
  bool refused = false;
  std::size_t call = 0;
};

/// Whether the calling thread is a stream's: it may call no CUDA function.
[[nodiscard]] bool on_stream_thread();

}  // namespace octrain::fake_cuda
