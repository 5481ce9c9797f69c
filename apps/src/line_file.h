// A text file that grows by whole lines. They are with the kernel when add() returns, so whoever is killed
// leaves whole lines, and who watches the file sees them at once.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace octrain::apps {

class LineFile {
 public:
  /// Opens it and changes nothing yet. Throws UsageError for a directory, IoError for what cannot be written.
  explicit LineFile(std::filesystem::path path);
  /// A file that it made and that nothing was added to is gone again.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  /// Only what somebody keeps can be cleared or cut: of pipes and terminals both do nothing.
  void clear();
  /// What stands behind the last line end goes (a machine that lost power may leave such).
  void cut_partial_line();
  [[nodiscard]] bool empty() const;
  /// `lines` end with a line end. Throws IoError; the file is then as before.
  void add(std::string_view lines);

 private:
  [[nodiscard]] off_t size() const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  bool made_ = false, added_ = false;
  bool kept_ = false;  ///< a regular file
};

}  // namespace octrain::apps
