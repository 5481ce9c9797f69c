// Tells on stderr where things stand: one line redrawn on a terminal; otherwise, and with TERM=dumb, a line
// at times. There are neither colours nor escape sequences, so nothing is left for NO_COLOR to turn off.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "octrain/runtime/trainer.h"
#include "progress_text.h"

namespace octrain::apps {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { end(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Has it stood long enough for another? Without a terminal that is longer the longer things take.
  [[nodiscard]] bool due() const;
  /// How wide a line may be now.
  [[nodiscard]] std::size_t columns() const;
  /// What is wider is cut.
  void show(const std::string& line);
  /// A line of its own, above the one that is redrawn.
  void note(const std::string& text);
  /// What follows on the terminal stands below the line.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  /// So that what is written next begins at the left of an empty line.
  void wipe();

  const bool terminal_;
  std::size_t drawn_columns_ = 0;  ///< of a line without its end, on the terminal
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = begun_;
};

/// Where the training stands.
class ProgressReporter {
 public:
  /// `memory` must outlive the reporter. `iterations` are those of the whole training, `images` those of one.
  ProgressReporter(const runtime::MemorySpace& memory, std::uint64_t iterations, std::int64_t images);

  void iteration(const runtime::IterationRecord& record);
  void test(const runtime::TestRecord& record);
  void progress(const runtime::Progress& progress);
  /// A line of its own, above the one that is redrawn.
  void note(const std::string& text) { line_.note(text); }
  void end() { line_.end(); }

 private:
  void show(Standing standing);

  const runtime::MemorySpace& memory_;
  const std::uint64_t iterations_;
  const std::int64_t images_;
  ProgressLine line_;
  std::uint64_t trained_ = 0;
  double usual_seconds_ = 0;  ///< of an iteration, once one was trained
  std::optional<LastIteration> last_;
  std::uint64_t peak_bytes_ = 0;
};

}  // namespace octrain::apps
