#include "fake_cuda/stream.h"

#include <utility>

namespace octrain::fake_cuda {
namespace {

thread_local bool stream_thread = false;

}  // namespace

bool on_stream_thread() { return stream_thread; }

void Ticket::finish() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  when_ = std::chrono::steady_clock::now();
  finished_.notify_all();
}

void Ticket::wait() const {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return over_; });
}

bool Ticket::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

Ticket::TimePoint Ticket::when() const {
  const std::lock_guard lock(mutex_);
  return when_;
}

Stream::Stream(std::size_t stream_number, bool is_blocking, std::uint64_t seed,
               std::chrono::microseconds longest_delay)
    : number(stream_number),
      blocking(is_blocking),
      last_(std::make_shared<Ticket>()),
      chance_(static_cast<std::minstd_rand::result_type>(seed * 1000 + stream_number + 1)),
      longest_delay_(longest_delay) {
  last_->finish();
  thread_ = std::thread([this] { run(); });
}

Stream::~Stream() {
  close();
  thread_.join();
}

void Stream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::shared_ptr<Ticket> Stream::enqueue(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  last_ = std::make_shared<Ticket>();
  items_.push_back({std::move(work), last_});
  changed_.notify_all();
  return last_;
}

std::shared_ptr<const Ticket> Stream::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Stream::run() {
  stream_thread = true;
  while (true) {
    Item item;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
      if (items_.empty()) return;
      item = std::move(items_.front());
      items_.pop_front();
    }
    dawdle();
    if (item.work) item.work();
    item.work = nullptr;  // what it holds is gone before anybody hears that it is over
    item.ticket->finish();
  }
}

void Stream::dawdle() {
  if (longest_delay_.count() == 0 || chance_() % 2 == 0) return;
  std::this_thread::sleep_for(longest_delay_ * static_cast<int>(chance_() % 1000) / 1000);
}

}  // namespace octrain::fake_cuda
