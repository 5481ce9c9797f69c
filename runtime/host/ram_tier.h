// Tiers in RAM, paced as a link when wanted.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "host/handles.h"
#include "host/tier.h"
#include "octrain/runtime/host/host_space.h"

namespace octrain::runtime::host {

/// A full-duplex link: each direction carries one block after the other.
class Link {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Link(std::optional<LinkPace> pace) : pace_(pace) {}
  /// When a block that is sent now arrives.
  [[nodiscard]] Clock::time_point send(Direction direction);
  [[nodiscard]] std::string description() const;

 private:
  std::optional<LinkPace> pace_;
  std::mutex mutex_;
  std::array<Clock::time_point, 2> free_at_{};
};

/// Frames change hands without a copy.
class HandoverTier final : public Tier {
 public:
  explicit HandoverTier(std::optional<LinkPace> pace) : link_(pace) {}
  [[nodiscard]] bool takes_frames() const override { return true; }
  [[nodiscard]] std::unique_ptr<TierChannel> open_channel() override;
  void drop(BlockId) override {}
  [[nodiscard]] std::string description() const override { return "RAM tier" + link_.description(); }

 private:
  Link link_;
};

/// Blocks are copied to and from buffers, which are allocated at their first use and used again.
class BufferTier final : public Tier {
 public:
  BufferTier(BlockId block_count, std::optional<LinkPace> pace);
  [[nodiscard]] bool takes_frames() const override { return false; }
  [[nodiscard]] std::unique_ptr<TierChannel> open_channel() override;
  void drop(BlockId block) override;
  [[nodiscard]] std::string description() const override { return "RAM tier, copied" + link_.description(); }

  void copy(const TierTransfer& transfer);

 private:
  [[nodiscard]] std::byte* buffer_of(BlockId block);

  Link link_;
  Mapping memory_;
  std::mutex mutex_;
  std::vector<std::uint32_t> buffer_of_;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;
};

}  // namespace octrain::runtime::host
