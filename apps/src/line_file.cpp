#include "line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "octrain/runtime/error.h"

namespace octrain::apps {

LineFile::LineFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code unknown;
  made_ = !std::filesystem::exists(path_, unknown) && !unknown;
  if (std::filesystem::is_directory(path_, unknown))
    throw runtime::UsageError(path_.string() + " is a directory: the log needs a file's name");
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw runtime::IoError(path_.string() + ": cannot write the log", errno);
  struct stat status {};
  kept_ = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
}

LineFile::~LineFile() {
  ::close(descriptor_);
  if (made_ && !added_) ::unlink(path_.c_str());
}

off_t LineFile::size() const { return kept_ ? ::lseek(descriptor_, 0, SEEK_END) : 0; }

bool LineFile::empty() const { return size() == 0; }

void LineFile::clear() {
  if (kept_ && ::ftruncate(descriptor_, 0) != 0)
    throw runtime::IoError(path_.string() + ": cannot start the log anew", errno);
}

void LineFile::cut_partial_line() {
  std::array<char, 4096> buffer;
  const off_t end = size();
  off_t whole = end;
  while (whole > 0) {
    const auto count = std::min(static_cast<std::size_t>(whole), buffer.size());
    const off_t from = whole - static_cast<off_t>(count);
    if (::pread(descriptor_, buffer.data(), count, from) != static_cast<ssize_t>(count))
      throw runtime::IoError(path_.string() + ": cannot read the log that is to be gone on with", errno);
    const std::size_t line_end = std::string_view(buffer.data(), count).rfind('\n');
    whole = from;
    if (line_end == std::string_view::npos) continue;
    whole += static_cast<off_t>(line_end) + 1;
    break;
  }
  if (whole < end && ::ftruncate(descriptor_, whole) != 0)
    throw runtime::IoError(path_.string() + ": cannot cut off the log's last line, which is not whole",
                           errno);
}

void LineFile::add(std::string_view lines) {
  const off_t before = size();
  while (!lines.empty()) {
    const ssize_t written = ::write(descriptor_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error_number = errno;
      const bool as_before = !kept_ || ::ftruncate(descriptor_, before) == 0;
      throw runtime::IoError(path_.string() + (as_before ? ": cannot write the log"
                                                         : ": cannot write the log, nor mend its last line"),
                             error_number);
    }
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  added_ = true;
}

}  // namespace octrain::apps
