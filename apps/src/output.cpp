#include "output.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "octrain/runtime/error.h"

namespace octrain::apps {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      line += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text << std::flush;
    return;
  }
  const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
  std::ofstream file(partial, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    std::remove(partial.c_str());
    throw runtime::IoError("cannot write " + path, error_number);
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
