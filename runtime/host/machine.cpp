// What the machine has: RAM, disks.
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "octrain/runtime/error.h"
#include "octrain/runtime/host/host_space.h"
#include "src/ram.h"

namespace octrain::runtime::host {

std::uint64_t available_ram_bytes() { return runtime::available_ram_bytes(); }

DiskSpace disk_space(const std::filesystem::path& dir) {
  struct statfs answer {};
  if (::statfs(dir.c_str(), &answer) != 0) throw IoError("directory " + dir.string(), errno);
  const bool in_ram = answer.f_type == TMPFS_MAGIC || answer.f_type == RAMFS_MAGIC;
  return {static_cast<std::uint64_t>(answer.f_bavail) * static_cast<std::uint64_t>(answer.f_bsize), in_ram};
}

std::filesystem::path default_tier_dir() {
  const char* chosen = std::getenv("OCTRAIN_TIER_DIR");
  const char* home = std::getenv("HOME");
  std::error_code ignored;
  for (const std::filesystem::path& dir :
       {std::filesystem::path(chosen != nullptr ? chosen : ""), std::filesystem::path("/var/tmp"),
        std::filesystem::current_path(ignored), std::filesystem::path(home != nullptr ? home : "")}) {
    if (dir.empty() || ::access(dir.c_str(), W_OK | X_OK) != 0) continue;
    if (!disk_space(dir).in_ram) return dir;
  }
  throw DeviceError("no writable directory on a disk for the tier: name one with --tier-dir");
}

}  // namespace octrain::runtime::host
