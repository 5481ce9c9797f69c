#include "host/file_tier.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "octrain/runtime/error.h"
#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

constexpr const char* kRemedy = "; name another directory on a disk with --tier-dir";

[[noreturn]] void refuse(const std::filesystem::path& directory, int error_number) {
  if (error_number == EINVAL) {
    throw DeviceError("tier directory " + directory.string() + " is on a file system without direct I/O" +
                      kRemedy);
  }
  throw IoError("cannot make a file in the tier directory " + directory.string() + kRemedy, error_number);
}

UniqueFd open_unlinked(const std::filesystem::path& directory) {
  constexpr int kFlags = O_RDWR | O_DIRECT | O_CLOEXEC;
  UniqueFd file(::open(directory.c_str(), kFlags | O_TMPFILE, S_IRUSR | S_IWUSR));
  if (file) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR) refuse(directory, errno);
  std::string name = (directory / "octrain-tier-XXXXXX").string();
  file = UniqueFd(::mkostemp(name.data(), O_DIRECT | O_CLOEXEC));  // 0600 by definition
  if (!file) refuse(directory, errno);
  ::unlink(name.c_str());
  return file;
}

[[noreturn]] void too_full(const std::filesystem::path& directory, std::uint64_t bytes,
                           std::uint64_t free_bytes) {
  const std::uint64_t shortfall = bytes > free_bytes ? bytes - free_bytes : kBlockBytes;
  throw OutOfDeviceMemory("the tier needs " + format_bytes(bytes) + " in " + directory.string() + ", where " +
                              format_bytes(free_bytes) + " are free" + kRemedy,
                          shortfall);
}

/// Takes the space now, so that a disk that is too full is found before training.
void reserve_space(int file, const std::filesystem::path& directory, std::uint64_t bytes) {
  const std::uint64_t free_bytes = disk_space(directory).free_bytes;
  if (bytes > free_bytes) too_full(directory, bytes, free_bytes);
  if (bytes == 0) return;
  int outcome = 0;
  do {
    outcome = ::fallocate(file, 0, 0, static_cast<off_t>(bytes));
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0 && errno == EOPNOTSUPP) outcome = ::ftruncate(file, static_cast<off_t>(bytes));
  if (outcome == 0) return;
  if (errno == ENOSPC || errno == EDQUOT) too_full(directory, bytes, disk_space(directory).free_bytes);
  refuse(directory, errno);
}

bool probe_uring(int file) {
  try {
    (void)open_uring_channel(file);
    return true;
  } catch (const IoError&) {
    return false;
  }
}

}  // namespace

FileTier::FileTier(const std::filesystem::path& directory, BlockId block_count) : directory_(directory) {
  if (disk_space(directory).in_ram) {
    throw DeviceError("tier directory " + directory.string() + " lies in RAM; use --tier ram" + kRemedy);
  }
  file_ = open_unlinked(directory);
  reserve_space(file_.get(), directory, block_count * kBlockBytes);
  has_uring_ = probe_uring(file_.get());
}

std::unique_ptr<TierChannel> FileTier::open_channel() {
  return has_uring_ ? open_uring_channel(file_.get()) : open_blocking_channel(file_.get());
}

std::string FileTier::description() const {
  return "file tier in " + directory_.string() + (has_uring_ ? "" : " without io_uring");
}

}  // namespace octrain::runtime::host
