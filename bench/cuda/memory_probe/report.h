// What was measured, as JSON and as Markdown tables.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace probe {

constexpr int kWarmUps = 2;
constexpr int kRepeats = 9;

// One repetition by the host's clock: until the calls had returned, and until the device had done what they
// asked.
struct Sample {
  double call_us;
  double total_us;
};

struct Spread {
  double low;
  double median;
  double high;
};

// prepare() puts memory where it is to be and is not timed; issue() is what is timed, with the wait for the
// device.
template <typename Prepare, typename Issue, typename Wait>
std::vector<Sample> repeat(Prepare prepare, Issue issue, Wait wait) {
  using Clock = std::chrono::steady_clock;
  using Microseconds = std::chrono::duration<double, std::micro>;
  std::vector<Sample> samples;
  for (int i = 0; i < kWarmUps + kRepeats; ++i) {
    prepare();
    const Clock::time_point start = Clock::now();
    issue();
    const Clock::time_point returned = Clock::now();
    wait();
    const Clock::time_point done = Clock::now();
    if (i >= kWarmUps)
      samples.push_back({Microseconds(returned - start).count(), Microseconds(done - start).count()});
  }
  return samples;
}

inline Spread spread(const std::vector<Sample>& samples, double Sample::*field) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*field);
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

// What a case did: moved_bytes is 0 where no bandwidth follows from its time, operations is 1 unless it did
// many of a kind.
struct Case {
  std::string what;
  std::size_t range_bytes = 0;
  std::size_t moved_bytes = 0;
  std::size_t operations = 1;
};

struct Row {
  std::string section;
  Case done;
  Spread call_us;
  Spread total_us;
  const Row* against;

  double gb_per_s() const { return static_cast<double>(done.moved_bytes) / (total_us.median * 1e3); }
  double us_per_operation() const { return total_us.median / static_cast<double>(done.operations); }
  // Above 1: faster than the row it stands against, measured in the same run.
  double speed_ratio() const { return against->total_us.median / total_us.median; }
};

inline std::string figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// For people: about three digits, and never an exponent.
inline std::string rounded(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", value >= 100 ? 0 : value >= 10 ? 1 : 3, value);
  return text;
}

inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

class Report {
 public:
  void begin(const std::string& section) { section_ = section; }

  // The row stays where it is, so that later rows can stand against it.
  const Row* add(Case done, const std::vector<Sample>& samples, const Row* against = nullptr) {
    rows_.push_back({section_, std::move(done), spread(samples, &Sample::call_us),
                     spread(samples, &Sample::total_us), against});
    return &rows_.back();
  }
  void fact(const std::string& name, const std::string& text) { facts_.emplace_back(name, quoted(text)); }
  void fact(const std::string& name, std::size_t value) { facts_.emplace_back(name, std::to_string(value)); }
  void note(const std::string& text) {
    const std::string line = section_ + ": " + text;
    if (std::find(notes_.begin(), notes_.end(), line) == notes_.end()) notes_.push_back(line);
  }
  void fail(const std::string& what) { failure_ = section_ + ": " + what; }

  std::string json() const {
    std::string text = "{\n  \"program\": \"memory_probe\",\n  \"warm_ups\": " + std::to_string(kWarmUps) +
                       ",\n  \"repeats\": " + std::to_string(kRepeats) +
                       ",\n  \"failure\": " + (failure_.empty() ? "null" : quoted(failure_)) +
                       ",\n  \"facts\": {";
    const char* separator = "\n";
    for (const auto& [name, value] : facts_) {
      text += separator + ("    " + quoted(name)) + ": " + value;
      separator = ",\n";
    }
    text += "\n  },\n  \"notes\": [";
    separator = "\n";
    for (const std::string& note : notes_) {
      text += separator + ("    " + quoted(note));
      separator = ",\n";
    }
    text += "\n  ],\n  \"rows\": [";
    separator = "\n";
    for (const Row& row : rows_) {
      text += separator + ("    " + json(row));
      separator = ",\n";
    }
    return text + "\n  ]\n}\n";
  }

  std::string markdown() const {
    std::string text = "# Managed memory on this card\n\n";
    if (!failure_.empty()) text += "**Stopped early**: " + failure_ + "\n\n";
    text += "Times by the host's clock, median (lowest to highest) of " + std::to_string(kRepeats) +
            " after " + std::to_string(kWarmUps) +
            " warm-ups; 'call' until the calls returned, 'total' until the device was done. GB are 10^9 "
            "bytes. 'Ratio' is speed "
            "against the case named.\n\n";
    for (const auto& [name, value] : facts_) text += "- " + name + ": " + value + "\n";
    std::string section;
    for (const Row& row : rows_) {
      if (row.section != section) {
        section = row.section;
        text += "\n## " + section +
                "\n\n| case | range MiB | total us | call us | GB/s | us per operation | ratio |\n" +
                "|---|---|---|---|---|---|---|\n";
      }
      text += markdown(row);
    }
    text += "\n## Notes\n\n";
    for (const std::string& note : notes_) text += "- " + note + "\n";
    return text;
  }

 private:
  static std::string json(const Row& row) {
    const auto times = [](const std::string& name, const Spread& spread) {
      return ", \"" + name + "_median_us\": " + figure(spread.median) + ", \"" + name +
             "_low_us\": " + figure(spread.low) + ", \"" + name + "_high_us\": " + figure(spread.high);
    };
    std::string text = "{\"section\": " + quoted(row.section) + ", \"case\": " + quoted(row.done.what) +
                       ", \"range_bytes\": " + std::to_string(row.done.range_bytes) +
                       ", \"operations\": " + std::to_string(row.done.operations) +
                       times("total", row.total_us) + times("call", row.call_us) +
                       ", \"us_per_operation\": " + figure(row.us_per_operation());
    if (row.done.moved_bytes != 0) {
      text += ", \"moved_bytes\": " + std::to_string(row.done.moved_bytes) +
              ", \"gb_per_s\": " + figure(row.gb_per_s());
    }
    if (row.against != nullptr) {
      text += ", \"against\": " + quoted(row.against->done.what) +
              ", \"speed_ratio\": " + figure(row.speed_ratio());
    }
    return text + "}";
  }

  static std::string markdown(const Row& row) {
    const auto times = [](const Spread& spread) {
      return rounded(spread.median) + " (" + rounded(spread.low) + " to " + rounded(spread.high) + ")";
    };
    return "| " + row.done.what + " | " + std::to_string(row.done.range_bytes >> 20) + " | " +
           times(row.total_us) + " | " + times(row.call_us) + " | " +
           (row.done.moved_bytes == 0 ? "" : rounded(row.gb_per_s())) + " | " +
           (row.done.operations == 1 ? "" : rounded(row.us_per_operation())) + " | " +
           (row.against == nullptr ? "" : rounded(row.speed_ratio()) + " of " + row.against->done.what) +
           " |\n";
  }

  std::string section_;
  std::string failure_;
  std::vector<std::pair<std::string, std::string>> facts_;
  std::vector<std::string> notes_;
  std::deque<Row> rows_;  // a deque: growing it moves no row
};

}  // namespace probe
