#include "atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "octrain/runtime/error.h"

namespace octrain::runtime {
namespace {

/// A rename is on the disk only when its directory is.
void sync_directory(const std::filesystem::path& directory) {
  const std::string name = directory.empty() ? "." : directory.string();
  const int descriptor = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw IoError(name + ": cannot open the directory to sync it", errno);
  const int result = fsync(descriptor), error = errno;
  close(descriptor);
  // Some network file systems have no fsync for directories.
  if (result != 0 && error != EINVAL) throw IoError(name + ": cannot sync the directory", error);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_(path_.string() + ".tmp"),
      descriptor_(open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw IoError(temporary_.string() + ": cannot create", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw IoError(temporary_.string() + ": cannot write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0) throw IoError(temporary_.string() + ": cannot sync", errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    throw IoError(path_.string() + ": cannot rename " + temporary_.string() + " to it", errno);
  close(descriptor_);
  descriptor_ = -1;
  sync_directory(path_.parent_path());
}

}  // namespace octrain::runtime
