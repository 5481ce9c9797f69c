#include "text_record.h"

#include <algorithm>
#include <charconv>

#include "octrain/advisor/text_io.h"

namespace octrain::advisor {
namespace {

constexpr std::size_t kShownCharacters = 60;

bool quotes_balance(std::string_view text) { return std::count(text.begin(), text.end(), '"') % 2 == 0; }

}  // namespace

bool RecordReader::read_line() {
  std::string line;
  if (!std::getline(in_, line)) return false;
  ++lines_read_;
  text_ += line;
  return true;
}

bool RecordReader::next() {
  while (true) {
    text_.clear();
    if (!read_line()) return false;
    line_ = lines_read_;
    std::size_t counted = 0;  // quotes are counted once each, so that a long quoted field stays linear
    bool balanced = true;
    while (true) {
      const std::string_view fresh = std::string_view(text_).substr(counted);
      if (!quotes_balance(fresh)) balanced = !balanced;
      counted = text_.size();
      if (balanced) break;
      text_ += '\n';
      if (!read_line()) fail("a closing quote", "the end of the file");
    }
    if (!text_.empty() && text_.back() == '\r') text_.pop_back();
    if (text_.find_first_not_of(" \t") != std::string::npos) break;
  }
  split();
  return true;
}

void RecordReader::split() {
  fields_.assign(1, {});
  bool quoted = false;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '"' && quoted && i + 1 < text_.size() && text_[i + 1] == '"') {
      fields_.back() += text_[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields_.emplace_back();
    } else {
      fields_.back() += c;
    }
  }
}

void RecordReader::expect_fields(std::size_t count, std::string_view form) const {
  if (fields_.size() != count) fail(form, std::to_string(fields_.size()) + " fields");
}

std::uint64_t RecordReader::number(std::size_t index, std::string_view what, std::uint64_t largest) const {
  std::uint64_t value = 0;
  if (!parse_number(fields_[index], largest, value)) {
    fail(std::string(what) + " (an integer of at most " + std::to_string(largest) + ")", fields_[index]);
  }
  return value;
}

void RecordReader::fail(std::string_view what, std::string_view text) const {
  std::string shown(text.substr(0, kShownCharacters));
  if (text.size() > kShownCharacters) shown += "…";
  throw TextError(line_, "expected " + std::string(what) + ", found '" + shown + "'");
}

bool parse_number(std::string_view text, std::uint64_t largest, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= largest;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace octrain::advisor
