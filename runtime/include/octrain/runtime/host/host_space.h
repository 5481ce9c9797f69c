// The host backend's memory: "device memory" is a budget of RAM in 2 MiB frames, the tier below it is other
// RAM or a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "octrain/runtime/memory_space.h"

namespace octrain::runtime::host {

enum class Kind {
  incore,         ///< plain memory; nothing moves
  managed,        ///< userfaultfd, driven by hints, faults where hints are missing (modes um and um-naive)
  explicit_copy,  ///< frames mapped in and out by hints only, no userfaultfd; the RAM tier really copies
};
enum class TierKind { ram, file };

/// A pace for the tier, so that RAM can stand for a device's link.
struct LinkPace {
  double bytes_per_s = 0;
  std::uint64_t latency_ns = 0;
};

struct HostSpaceOptions {
  Kind kind = Kind::managed;
  std::uint64_t device_bytes = 0;     ///< the budget; rounded down to blocks (incore: 0 is no limit)
  std::uint64_t workspace_bytes = 0;  ///< the largest workspace of any op
  /// By tensor: where it lies in the arena at first (see MemorySpace::place()); empty: each has bytes of its
  /// own.
  std::vector<std::uint64_t> arena_offsets;
  /// More than those places need, if later ones may: what is allocated for the tensors.
  std::uint64_t arena_bytes = 0;
  TierKind tier = TierKind::ram;
  std::filesystem::path tier_dir;  ///< file tier: a directory on a disk
  std::optional<LinkPace> link;    ///< RAM tier only
  /// For tests and for kernels without it: place pages by UFFDIO_COPY although UFFDIO_MOVE is there.
  bool force_copy = false;
  /// Managed memory without hints (um-naive): faults do everything. acquire() reserves nothing, stale
  /// contents of what will be overwritten are brought like any others, and workspace stays until it is
  /// evicted.
  bool demand_only = false;
};

/// `tensor_bytes[i]` is tensor i's. Reserves all it needs, the tier's disk space included, or throws:
/// OutOfDeviceMemory (the budget or the tier is too small, with the shortfall), DeviceError (userfaultfd
/// refused: names the permission), IoError.
[[nodiscard]] std::unique_ptr<MemorySpace> make_host_space(std::span<const std::uint64_t> tensor_bytes,
                                                           const HostSpaceOptions& options);

/// What this machine can do, for `octrain devices`.
struct HostCapability {
  std::string name;  ///< "userfaultfd", "UFFDIO_MOVE", "huge pages", "io_uring", "direct I/O in DIR"
  bool available = false;
  std::string detail;  ///< why not, and what to do; or a version
};
[[nodiscard]] std::vector<HostCapability> host_capabilities(const std::filesystem::path& tier_dir);

/// RAM that can be taken now (MemAvailable, and the process's memory cgroup's limit where lower).
[[nodiscard]] std::uint64_t available_ram_bytes();
/// Free bytes of the file system that holds `dir`, and whether it is one that lies in RAM (tmpfs, ramfs).
struct DiskSpace {
  std::uint64_t free_bytes = 0;
  bool in_ram = false;
};
[[nodiscard]] DiskSpace disk_space(const std::filesystem::path& dir);
/// The first of $OCTRAIN_TIER_DIR, /var/tmp, the current directory, $HOME that is writable and on a disk.
[[nodiscard]] std::filesystem::path default_tier_dir();

/// Measures the tier directory's direct I/O for about a second (writes and reads up to 1 GiB): bytes/s each
/// way.
struct DiskSpeed {
  double read_bytes_per_s = 0;
  double write_bytes_per_s = 0;
};
[[nodiscard]] DiskSpeed measure_disk(const std::filesystem::path& dir);

}  // namespace octrain::runtime::host
