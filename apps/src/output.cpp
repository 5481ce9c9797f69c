#include "output.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "octrain/runtime/error.h"

namespace octrain::apps {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      line += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

PendingFile::PendingFile(std::string path)
    : path_(std::move(path)),
      partial_(fmt::format("{}.{}.partial", path_, ::getpid())),
      file_(partial_, std::ios::binary) {
  if (!file_) fail();
}

PendingFile::~PendingFile() {
  if (!partial_.empty()) std::remove(partial_.c_str());
}

void PendingFile::fail() const {
  const int error_number = errno;
  std::remove(partial_.c_str());
  throw runtime::IoError("cannot write " + path_, error_number);
}

void PendingFile::commit(const std::string& text) {
  file_ << text;
  file_.close();
  if (!file_ || std::rename(partial_.c_str(), path_.c_str()) != 0) fail();
  partial_.clear();
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text << std::flush;
  } else {
    PendingFile(path).commit(text);
  }
}

void write_json(const std::string& path, const nlohmann::ordered_json& json) {
  write_text(path, json.dump(2) + '\n');
}

void start_logging() {
  if (spdlog::get("octrain")) return;
  auto logger = spdlog::stderr_logger_st("octrain");
  logger->set_pattern("%v");
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace octrain::apps
