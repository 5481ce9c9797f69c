#include <liburing.h>

#include <array>
#include <cerrno>
#include <deque>

#include "host/file_tier.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

/// A transfer and how much of it is done: the kernel may end it early, then the rest is asked for again.
struct Progress {
  TierTransfer transfer;
  unsigned done = 0;

  [[nodiscard]] std::byte* memory() const { return transfer.frame + done; }
  [[nodiscard]] unsigned rest() const { return static_cast<unsigned>(kBlockBytes) - done; }
  [[nodiscard]] std::uint64_t offset() const { return transfer.block * kBlockBytes + done; }
  [[nodiscard]] bool reads() const { return transfer.direction == Direction::in; }

  /// Notes what the kernel answered (bytes, or errno negated); true when the transfer has ended.
  bool note(long answer) {
    if (answer == -EINTR || answer == -EAGAIN) return false;
    if (answer <= 0) {
      transfer.error = answer == 0 ? EIO : static_cast<int>(-answer);  // 0: the file ends before the block
      return true;
    }
    done += static_cast<unsigned>(answer);
    return rest() == 0;
  }
};

class UringChannel final : public TierChannel {
 public:
  explicit UringChannel(int file) : file_(file) {
    const int outcome = ::io_uring_queue_init(kChannelDepth, &ring_, 0);
    if (outcome < 0) throw IoError("io_uring_queue_init", -outcome);
    for (std::size_t i = 0; i < slots_.size(); ++i) free_.push_back(i);
  }
  ~UringChannel() override { ::io_uring_queue_exit(&ring_); }

  void start(const TierTransfer& transfer) override {
    const std::size_t slot = free_.front();
    free_.pop_front();
    slots_[slot] = {transfer, 0};
    submit(slot);
  }

  TierTransfer finish_one() override {
    while (true) {
      io_uring_cqe* answer = nullptr;
      const int outcome = ::io_uring_wait_cqe(&ring_, &answer);
      if (outcome == -EINTR) continue;
      if (outcome < 0) throw IoError("io_uring_wait_cqe", -outcome);
      const auto slot = static_cast<std::size_t>(answer->user_data);
      const bool ended = slots_[slot].note(answer->res);
      ::io_uring_cqe_seen(&ring_, answer);
      if (ended) {
        free_.push_back(slot);
        return slots_[slot].transfer;
      }
      submit(slot);
    }
  }

 private:
  void submit(std::size_t slot) {
    io_uring_sqe* request =
        ::io_uring_get_sqe(&ring_);  // never null: no more than the ring's depth is under way
    const Progress& progress = slots_[slot];
    if (progress.reads()) {
      ::io_uring_prep_read(request, file_, progress.memory(), progress.rest(), progress.offset());
    } else {
      ::io_uring_prep_write(request, file_, progress.memory(), progress.rest(), progress.offset());
    }
    request->user_data = slot;
    int outcome = 0;
    do {
      outcome = ::io_uring_submit(&ring_);
    } while (outcome == -EINTR || outcome == -EAGAIN || outcome == -EBUSY);
    if (outcome < 0) throw IoError("io_uring_submit", -outcome);
  }

  int file_;
  io_uring ring_{};
  std::array<Progress, kChannelDepth> slots_{};
  std::deque<std::size_t> free_;
};

class BlockingChannel final : public TierChannel {
 public:
  explicit BlockingChannel(int file) : file_(file) {}
  void start(const TierTransfer& transfer) override {
    Progress progress{transfer, 0};
    long answer = 0;
    do {
      const auto offset = static_cast<off_t>(progress.offset());
      answer = progress.reads() ? ::pread(file_, progress.memory(), progress.rest(), offset)
                                : ::pwrite(file_, progress.memory(), progress.rest(), offset);
      if (answer < 0) answer = -errno;
    } while (!progress.note(answer));
    ended_.push_back(progress.transfer);
  }
  TierTransfer finish_one() override {
    const TierTransfer transfer = ended_.front();
    ended_.pop_front();
    return transfer;
  }

 private:
  int file_;
  std::deque<TierTransfer> ended_;
};

}  // namespace

std::unique_ptr<TierChannel> open_uring_channel(int file) { return std::make_unique<UringChannel>(file); }
std::unique_ptr<TierChannel> open_blocking_channel(int file) {
  return std::make_unique<BlockingChannel>(file);
}

}  // namespace octrain::runtime::host
