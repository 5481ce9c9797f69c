#include "report_page.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

constexpr std::string_view kDataMark = "{{data}}";

const std::string& file_name(const std::string& path) {
  std::error_code error;
  if (path == "-" || path.empty() || std::filesystem::is_directory(path, error))
    throw runtime::UsageError("--report '" + path + "': it needs a file's name");
  return path;
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "%+,-./:=@_";
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + '\'';
}

/// Names in the data are anybody's: none of them may end the element that holds it, nor be no UTF-8.
std::string as_script(const nlohmann::ordered_json& data) {
  const std::string text = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string result;
  result.reserve(text.size());
  for (const char c : text) c == '<' ? result += "\\u003c" : result += c;
  return result;
}

}  // namespace

std::string report_page(const nlohmann::ordered_json& data) {
  std::string page = page_template();
  return page.replace(page.find(kDataMark), kDataMark.size(), as_script(data));
}

std::string shell_command(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

std::string this_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return shell_command(words);
}

ReportFile::ReportFile(const std::string& path)
    : data_alone_(path.ends_with(".json")), file_(file_name(path)) {}

void ReportFile::write(const nlohmann::ordered_json& data) {
  file_.commit(data_alone_
                   ? data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n'
                   : report_page(data));
}

}  // namespace octrain::apps
