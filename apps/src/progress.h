// Tells on stderr where things stand: one line redrawn on a terminal, else a line every ten seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "octrain/runtime/trainer.h"

namespace octrain::apps {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Has it stood long enough for another?
  [[nodiscard]] bool due() const;
  void show(const std::string& line);
  /// A line of its own, above the one that is redrawn.
  void note(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  const bool terminal_;
  bool drawn_ = false;  ///< a line without its end stands on the terminal
  Clock::time_point shown_ = Clock::now();
};

/// Where the training stands.
class ProgressReporter {
 public:
  /// `memory` must outlive the reporter. `iterations` are those of the whole training.
  ProgressReporter(const runtime::MemorySpace& memory, std::uint64_t iterations, std::int64_t batch);

  void iteration(const runtime::IterationRecord& record);
  void test(const runtime::TestRecord& record);
  void progress(const runtime::Progress& progress);
  /// A line of its own, above the one that is redrawn.
  void note(const std::string& text) { line_.note(text); }

 private:
  [[nodiscard]] std::string position(const runtime::Progress& progress) const;

  const runtime::MemorySpace& memory_;
  const std::uint64_t iterations_;
  const std::int64_t batch_;
  ProgressLine line_;
  std::string last_;  ///< what the last finished iteration showed
  double last_seconds_ = 0;
};

}  // namespace octrain::apps
