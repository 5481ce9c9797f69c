// Where results go: tables to stdout, JSON to a file or stdout, logs to stderr.
#pragma once

#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace octrain::apps {

/// Columns that it takes: continuation bytes of UTF-8 take no room.
[[nodiscard]] std::size_t width(const std::string& text);

/// Columns as wide as their widest cell; the first flush left, the others right. The first row is the head.
[[nodiscard]] std::string table_text(const std::vector<std::vector<std::string>>& rows);

/// The same, row by row.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const { return table_text(rows_); }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// A file that appears under its name whole, or not at all.
class PendingFile {
 public:
  /// Throws IoError if it cannot be written.
  explicit PendingFile(std::string path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  /// Once. Throws IoError.
  void commit(const std::string& text);

 private:
  [[noreturn]] void fail() const;
  std::string path_, partial_;
  std::ofstream file_;
};

/// "-" is stdout; a file appears under its name only when it is whole.
void write_json(const std::string& path, const nlohmann::ordered_json& json);

/// `text` to the file, whole or not at all; throws IoError. "-" is stdout.
void write_text(const std::string& path, const std::string& text);

/// Logs go to stderr, a line each.
void start_logging();

}  // namespace octrain::apps
