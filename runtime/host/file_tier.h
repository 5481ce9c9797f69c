// The tier in a file: unlinked, readable by its owner only, its disk space reserved before training; direct
// I/O by io_uring.
#pragma once

#include <filesystem>

#include "host/handles.h"
#include "host/tier.h"

namespace octrain::runtime::host {

class FileTier final : public Tier {
 public:
  /// Throws IoError or DeviceError (the directory is missing, not writable, in RAM or without direct I/O),
  /// OutOfDeviceMemory (it is too full).
  FileTier(const std::filesystem::path& directory, BlockId block_count);
  [[nodiscard]] bool takes_frames() const override { return false; }
  [[nodiscard]] std::unique_ptr<TierChannel> open_channel() override;
  void drop(BlockId) override {}
  [[nodiscard]] std::string description() const override;

 private:
  std::filesystem::path directory_;
  UniqueFd file_;
  bool has_uring_;
};

/// Direct I/O of whole blocks at `block * kBlockBytes`. Throws IoError when the kernel refuses io_uring.
[[nodiscard]] std::unique_ptr<TierChannel> open_uring_channel(int file);
/// One transfer after the other by pread and pwrite, where io_uring is refused (as in many containers).
[[nodiscard]] std::unique_ptr<TierChannel> open_blocking_channel(int file);

}  // namespace octrain::runtime::host
