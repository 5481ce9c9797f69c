// Reads a log as tools/extra/parse_log.py and extract_seconds.py of Caffe 1.0 do. What they look for:
// - The year is that of the file's last change. The start is the time of the first line that has "Solving".
// - A line's time stands in its first two words: a letter, month and day of two digits each;
// h:m:s.microseconds.
// - Behind the start, "Iteration N" anywhere in a line is the iteration from there on. Lines before the first
//   such are skipped; all after it must have a time.
// - "lr = NUMBER" is the rate from there on.
// - "Train net output #K: NAME = NUMBER", and "Test net output" alike, are columns of a row, which has the
//   iteration, the time and the rate of where it began. A row ends where another iteration's begins, and as
//   soon as it has as many columns as the first that ended; the last, if it has not ended, is lost.
// - The first row's rate is replaced by the second's.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace octrain::testing {

struct CaffeRow {
  double iteration = 0, seconds = 0, rate = 0;
  std::map<std::string, double> outputs;
};

class CaffeLog {
 public:
  /// Throws std::runtime_error with the line where the programs would stop.
  explicit CaffeLog(const std::string& text, int year = 2026) : year_(year) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (!start_ && line.find("Solving") != std::string::npos)
        start_ = time_of(line);
      else if (start_)
        read(line);
    }
    if (!start_) throw std::runtime_error("no line has 'Solving'");
    for (std::vector<CaffeRow>* rows : {&train, &test})
      if (rows->size() > 1) rows->front().rate = (*rows)[1].rate;
  }
  std::vector<CaffeRow> train, test;

 private:
  using Time = std::chrono::sys_time<std::chrono::microseconds>;

  [[nodiscard]] Time time_of(const std::string& line) const {
    static const std::regex form(R"(^\s*\D(\d\d)(\d+)\s+(\d+):(\d+):(\d+)\.(\d+)\s.*)");
    std::smatch found;
    if (!std::regex_match(line, found, form)) throw std::runtime_error("no time: " + line);
    const auto number = [&](std::size_t i) { return std::stoi(found[i].str()); };
    const std::chrono::year_month_day day{std::chrono::year{year_},
                                          std::chrono::month{static_cast<unsigned>(number(1))},
                                          std::chrono::day{static_cast<unsigned>(number(2))}};
    if (!day.ok()) throw std::runtime_error("no day of the year: " + line);
    return std::chrono::sys_days(day) + std::chrono::hours(number(3)) + std::chrono::minutes(number(4)) +
           std::chrono::seconds(number(5)) + std::chrono::microseconds(number(6));
  }

  void read(const std::string& line) {
    static const std::regex iteration(R"(Iteration (\d+))"),
        rate(R"(lr = ([-+]?[0-9]*\.?[0-9]+(?:[eE]?[-+]?[0-9]+)?))"),
        output(R"((Train|Test) net output #\d+: (\S+) = ([.\deE+-]+))");
    std::smatch found;
    if (std::regex_search(line, found, iteration)) iteration_ = std::stod(found[1].str());
    if (!iteration_) return;
    const double seconds = std::chrono::duration<double>(time_of(line) - *start_).count();
    if (std::regex_search(line, found, rate)) rate_ = std::stod(found[1].str());
    if (!std::regex_search(line, found, output)) return;
    const bool trains = found[1] == "Train";
    std::vector<CaffeRow>& rows = trains ? train : test;
    std::optional<CaffeRow>& row = trains ? train_row_ : test_row_;
    if (row && row->iteration != *iteration_) rows.push_back(*std::exchange(row, std::nullopt));
    if (!row) row = CaffeRow{*iteration_, seconds, rate_, {}};
    row->outputs[found[2].str()] = std::stod(found[3].str());
    if (!rows.empty() && row->outputs.size() == rows[0].outputs.size())
      rows.push_back(*std::exchange(row, std::nullopt));
  }

  int year_;
  std::optional<Time> start_;
  std::optional<double> iteration_;
  double rate_ = 0;
  std::optional<CaffeRow> train_row_, test_row_;  // that have not ended
};

}  // namespace octrain::testing
