// A file that appears under its name whole, or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace octrain::runtime {

/// Writes go to a temporary beside `path`; commit() puts them on the disk and renames. Without commit() the
/// temporary is removed (killed: it stays until the next writer of the same path overwrites it).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_;
};

}  // namespace octrain::runtime
