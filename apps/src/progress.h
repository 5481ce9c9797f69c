// Tells on stderr where the training stands: one line redrawn on a terminal, else a line every ten seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "octrain/runtime/trainer.h"

namespace octrain::apps {

class ProgressReporter {
 public:
  /// `memory` must outlive the reporter. `first` iterations were done before (a resumed run), of `iterations`
  /// in all.
  ProgressReporter(const runtime::MemorySpace& memory, std::uint64_t iterations, std::int64_t batch);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  void iteration(const runtime::IterationRecord& record);
  void test(const runtime::TestRecord& record);
  void progress(const runtime::Progress& progress);
  /// A line of its own, above the one that is redrawn.
  void note(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string position(const runtime::Progress& progress) const;
  void show(const std::string& line);

  const runtime::MemorySpace& memory_;
  const std::uint64_t iterations_;
  const std::int64_t batch_;
  const bool terminal_;
  bool drawn_ = false;  ///< a line without its end stands on the terminal
  std::string last_;    ///< what the last finished iteration showed
  double last_seconds_ = 0;
  Clock::time_point shown_ = Clock::now();
};

}  // namespace octrain::apps
