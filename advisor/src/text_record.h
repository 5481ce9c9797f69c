// One CSV record after another, each with the line it starts on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace octrain::advisor {

/// Splits a stream into records. Blank lines and a carriage return at a line's end are skipped; a field in
/// quotes may hold commas, doubled quotes and line ends.
class RecordReader {
 public:
  explicit RecordReader(std::istream& in) : in_(in) {}

  /// Reads the next record; false at the end of the stream. Throws TextError.
  bool next();
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }

  /// Throws TextError unless the record has exactly `count` fields; `form` is the record's form, for the
  /// message.
  void expect_fields(std::size_t count, std::string_view form) const;
  /// Field `index` as an unsigned integer of at most `largest`. Throws TextError that names `what` was
  /// expected.
  [[nodiscard]] std::uint64_t number(std::size_t index, std::string_view what, std::uint64_t largest) const;
  /// Throws TextError: "line N: expected `what`, found `text`".
  [[noreturn]] void fail(std::string_view what, std::string_view text) const;

 private:
  bool read_line();
  void split();

  std::istream& in_;
  std::string text_;
  std::vector<std::string> fields_;
  std::size_t line_ = 0;  // where the record starts
  std::size_t lines_read_ = 0;
};

/// The number in `text`, whole and at most `largest`; false otherwise.
[[nodiscard]] bool parse_number(std::string_view text, std::uint64_t largest, std::uint64_t& value);

/// `text` as one CSV field: in quotes only if it must be.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace octrain::advisor
