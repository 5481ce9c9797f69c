#include <algorithm>
#include <chrono>

#include "host/file_tier.h"
#include "host/handles.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

/// Carries blocks 0, 1, … for half a second at most, several at a time as in training. Returns bytes/s and
/// leaves in `blocks` how many were carried.
double measure(TierChannel& channel, std::byte* frames, Direction direction, BlockId& blocks) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto deadline = start + std::chrono::milliseconds(500);
  BlockId started = 0;
  BlockId ended = 0;
  std::byte* frame = frames;
  while (ended < blocks) {
    const bool may_start = started < blocks && (started < kChannelDepth || Clock::now() < deadline);
    if (may_start && started - ended < kChannelDepth) {
      if (started >= kChannelDepth) {
        channel.start({started, frame, direction, 0});
      } else {
        channel.start({started, frames + started * kBlockBytes, direction, 0});
      }
      ++started;
      continue;
    }
    if (started == ended) break;
    const TierTransfer transfer = channel.finish_one();
    if (transfer.error != 0) throw IoError("measuring the disk", transfer.error);
    frame = transfer.frame;
    ++ended;
  }
  blocks = ended;
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return static_cast<double>(ended * kBlockBytes) / seconds.count();
}

}  // namespace

DiskSpeed measure_disk(const std::filesystem::path& dir) {
  const std::uint64_t bytes = std::min(kGiB, disk_space(dir).free_bytes / 2);
  if (bytes < kChannelDepth * kBlockBytes) {
    throw OutOfDeviceMemory("too little space in " + dir.string() + " to measure it",
                            kChannelDepth * kBlockBytes - bytes);
  }
  BlockId blocks = static_cast<BlockId>(bytes / kBlockBytes);
  FileTier tier(dir, blocks);
  const Mapping frames(kChannelDepth * kBlockBytes);
  std::fill_n(frames.data(), frames.size(), std::byte{0x5a});
  const auto channel = tier.open_channel();
  DiskSpeed speed;
  speed.write_bytes_per_s = measure(*channel, frames.data(), Direction::out, blocks);
  speed.read_bytes_per_s = measure(*channel, frames.data(), Direction::in, blocks);
  return speed;
}

}  // namespace octrain::runtime::host
