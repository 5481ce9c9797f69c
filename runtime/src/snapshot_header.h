// A snapshot's header as bytes (docs/snapshot.md).
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "octrain/runtime/snapshot.h"

namespace octrain::runtime {

/// Appends numbers (little-endian) and texts.
class Encoder {
 public:
  void raw(std::string_view text) { bytes_ += text; }
  template <class Number>
  void number(Number value) {
    char buffer[sizeof value];
    std::memcpy(buffer, &value, sizeof value);
    bytes_.append(buffer, sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    raw(value);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

[[nodiscard]] std::string encode(const SnapshotHeader& header);
/// `scaled`: with a loss scale. Throws BadInput naming `path` when the bytes are no header.
[[nodiscard]] SnapshotHeader decode(std::string_view bytes, bool scaled, const std::filesystem::path& path);

}  // namespace octrain::runtime
