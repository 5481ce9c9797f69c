#include "tuning_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : path_(path), descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);  // and with it goes the lock
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  void lock() const {
    while (flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) fail("cannot lock the tuning file");
    }
  }
  std::string read_all() const {
    std::string text;
    std::array<char, 16384> part{};
    while (true) {
      const ssize_t count = read(descriptor_, part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("cannot read the tuning file");
      if (count == 0) return text;
      text.append(part.data(), static_cast<std::size_t>(count));
    }
  }
  void add(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = write(descriptor_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("cannot write the tuning file");
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  [[noreturn]] void fail(const char* what) const {
    const int error = errno;
    throw runtime::IoError(path_.string() + ": " + what, error);
  }

 private:
  const std::filesystem::path& path_;
  int descriptor_;
};

}  // namespace

TuningFile::TuningFile(std::filesystem::path path, Warn warn)
    : path_(std::move(path)), warn_(std::move(warn)) {
  const File file(path_, O_RDONLY);
  if (file.is_open()) {
    take_lines(file.read_all());
  } else if (errno != ENOENT && errno != ENOTDIR) {
    file.fail("cannot open the tuning file");
  }
}

void TuningFile::take_lines(std::string_view text) {
  // What no line's end follows was cut off.
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (std::optional<ChoiceLine> line = parse_choice(text.substr(0, end)))
      choices_.insert_or_assign(std::move(line->key), line->choice);
    text.remove_prefix(end + 1);
  }
}

std::optional<Choice> TuningFile::find(const std::string& key) const {
  const auto found = choices_.find(key);
  return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

Choice TuningFile::remember(const std::string& key, const Choice& choice,
                            const std::optional<Choice>& instead_of) {
  try {
    if (!left_alone_) return add(key, choice, instead_of);
  } catch (const runtime::IoError& error) {
    left_alone_ = true;
    if (warn_)
      warn_(std::string(error.what()) +
            "; what is measured now is not kept: losses of other runs may differ");
  }
  choices_.insert_or_assign(key, choice);
  return choice;
}

/// Throws IoError.
Choice TuningFile::add(const std::string& key, const Choice& choice,
                       const std::optional<Choice>& instead_of) {
  if (path_.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path_.parent_path(), error);
    if (error) throw runtime::IoError(path_.string() + ": cannot make its directory", error.value());
  }
  const File file(path_, O_RDWR | O_CREAT | O_APPEND);
  if (!file.is_open()) file.fail("cannot open the tuning file to write");
  file.lock();
  const std::string text = file.read_all();
  take_lines(text);
  if (const std::optional<Choice> other = find(key); other && other != instead_of) return *other;
  const bool cut_off = !text.empty() && text.back() != '\n';
  file.add((cut_off ? "\n" : "") + format_choice({key, choice}) + "\n");
  choices_.insert_or_assign(key, choice);
  return choice;
}

}  // namespace octrain::layers::cuda
