// Files of images and labels, read with every size checked against the file's before it is believed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace octrain::layers {

/// Throws runtime::BadInput: "FILE: expected …, found …; …".
[[noreturn]] void bad_file(const std::filesystem::path& file, const std::string& what);

/// A plain file, read at positions by any thread.
class ReadOnlyFile {
 public:
  explicit ReadOnlyFile(std::filesystem::path path);
  ~ReadOnlyFile();
  ReadOnlyFile(ReadOnlyFile&& other) noexcept;
  ReadOnlyFile& operator=(ReadOnlyFile&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  void read_at(std::uint64_t offset, std::span<std::uint8_t> to) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// An IDX file of unsigned bytes.
struct IdxArray {
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> values;
};
/// `path` may be compressed by gzip, whatever its name.
[[nodiscard]] IdxArray read_idx(const std::filesystem::path& path);

}  // namespace octrain::layers
