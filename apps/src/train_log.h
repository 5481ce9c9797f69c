// octrain train --log: what happens, written down as it happens.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "line_file.h"
#include "log_lines.h"
#include "options.h"

namespace octrain::apps {

class TrainLog {
 public:
  /// Opens the file and changes nothing yet. Throws as LineFile does.
  explicit TrainLog(const LogOptions& options);

  /// Training begins. `goes_on`: adds to what the file holds, instead of starting it anew. `warn` is told
  /// once when something cannot be written later; training goes on without. Throws IoError when nothing can
  /// be.
  void start(LogStart start, bool goes_on, std::function<void(const std::string&)> warn);
  void iteration(const runtime::IterationRecord& record);
  void test(const runtime::TestRecord& record);
  void planned_again(const advisor::Advice& plan, std::uint64_t arena_bytes);

 private:
  void add(const std::string& lines);

  LineFile file_;
  std::unique_ptr<LogLines> lines_;
  std::function<void(const std::string&)> warn_;
  std::uint64_t next_iteration_ = 0;
  bool warned_ = false;
};

}  // namespace octrain::apps
