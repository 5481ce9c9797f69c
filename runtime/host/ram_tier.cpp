#include "host/ram_tier.h"

#include <cstring>
#include <deque>
#include <thread>

#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

constexpr std::uint32_t kNoBuffer = ~std::uint32_t{0};

/// Transfers end in the order in which they were started, each when the link has carried it.
class RamChannel final : public TierChannel {
 public:
  RamChannel(Link& link, BufferTier* copies) : link_(link), copies_(copies) {}
  void start(const TierTransfer& transfer) override {
    under_way_.push_back({link_.send(transfer.direction), transfer});
    if (copies_ != nullptr) copies_->copy(transfer);
  }
  TierTransfer finish_one() override {
    const auto [arrival, transfer] = under_way_.front();
    under_way_.pop_front();
    std::this_thread::sleep_until(arrival);
    return transfer;
  }

 private:
  struct Sent {
    Link::Clock::time_point arrival;
    TierTransfer transfer;
  };
  Link& link_;
  BufferTier* copies_;
  std::deque<Sent> under_way_;
};

}  // namespace

Link::Clock::time_point Link::send(Direction direction) {
  if (!pace_) return {};
  const auto now = Clock::now();
  const std::chrono::duration<double> carry(static_cast<double>(kBlockBytes) / pace_->bytes_per_s);
  const std::lock_guard lock(mutex_);
  auto& free_at = free_at_[static_cast<std::size_t>(direction)];
  free_at = std::max(free_at, now) + std::chrono::duration_cast<Clock::duration>(carry);
  return free_at + std::chrono::nanoseconds(pace_->latency_ns);
}

std::string Link::description() const {
  if (!pace_) return "";
  return " paced at " + format_bytes(static_cast<std::uint64_t>(pace_->bytes_per_s)) + "/s";
}

std::unique_ptr<TierChannel> HandoverTier::open_channel() {
  return std::make_unique<RamChannel>(link_, nullptr);
}

BufferTier::BufferTier(BlockId block_count, std::optional<LinkPace> pace)
    : link_(pace), memory_(block_count * kBlockBytes), buffer_of_(block_count, kNoBuffer) {}

std::unique_ptr<TierChannel> BufferTier::open_channel() { return std::make_unique<RamChannel>(link_, this); }

void BufferTier::drop(BlockId block) {
  const std::lock_guard lock(mutex_);
  if (buffer_of_[block] == kNoBuffer) return;
  free_.push_back(buffer_of_[block]);
  buffer_of_[block] = kNoBuffer;
}

void BufferTier::copy(const TierTransfer& transfer) {
  std::byte* buffer = buffer_of(transfer.block);
  if (transfer.direction == Direction::in) {
    std::memcpy(transfer.frame, buffer, kBlockBytes);
  } else {
    std::memcpy(buffer, transfer.frame, kBlockBytes);
  }
}

std::byte* BufferTier::buffer_of(BlockId block) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& buffer = buffer_of_[block];
  if (buffer == kNoBuffer) {
    if (free_.empty()) {
      buffer = used_++;
    } else {
      buffer = free_.back();
      free_.pop_back();
    }
  }
  return memory_.data() + buffer * kBlockBytes;
}

}  // namespace octrain::runtime::host
