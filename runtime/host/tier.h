// The tier below the device: where the contents of blocks lie that are not resident.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "src/layout.h"

namespace octrain::runtime::host {

enum class Direction { in, out };

/// One block on its way between a frame and the tier.
struct TierTransfer {
  BlockId block = 0;
  std::byte* frame = nullptr;
  Direction direction = Direction::in;
  int error = 0;  ///< errno, when it ended badly
};

/// A thread's own means to carry blocks: several at a time, each ending when it ends.
class TierChannel {
 public:
  virtual ~TierChannel() = default;
  TierChannel(const TierChannel&) = delete;
  TierChannel& operator=(const TierChannel&) = delete;
  /// At most `kChannelDepth` transfers may be under way.
  virtual void start(const TierTransfer& transfer) = 0;
  /// Waits until one of those started ends. Never throws for a failed transfer: see TierTransfer::error.
  virtual TierTransfer finish_one() = 0;

 protected:
  TierChannel() = default;
};

inline constexpr unsigned kChannelDepth = 6;

/// Thread-safe.
class Tier {
 public:
  virtual ~Tier() = default;
  Tier(const Tier&) = delete;
  Tier& operator=(const Tier&) = delete;
  /// True: the frame itself becomes the tier's copy, and a transfer only takes its time. False: transfers
  /// copy.
  [[nodiscard]] virtual bool takes_frames() const = 0;
  [[nodiscard]] virtual std::unique_ptr<TierChannel> open_channel() = 0;
  /// The contents of the block are dead; nothing of it is under way.
  virtual void drop(BlockId block) = 0;
  [[nodiscard]] virtual std::string description() const = 0;

 protected:
  Tier() = default;
};

}  // namespace octrain::runtime::host
