// What a training's log says, as text: the lines of each thing that happens, in one of the forms that
// docs/formats.md describes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "octrain/advisor/advise.h"
#include "octrain/runtime/trainer.h"
#include "report.h"

namespace octrain::apps {

using LogTime = std::chrono::system_clock::time_point;

/// A run begins.
struct LogStart {
  RunFacts facts;
  std::uint64_t iteration = 0;   ///< its first
  std::uint64_t iterations = 0;  ///< of the whole training
  bool file_is_empty = true;
};

/// Another plan from an iteration on.
struct LogPlan {
  std::uint64_t iteration = 0;
  const advisor::Advice& plan;
  std::uint64_t arena_bytes = 0;  ///< workspace included
};

class LogLines {
 public:
  virtual ~LogLines() = default;
  [[nodiscard]] virtual std::string start(LogTime now, const LogStart& start) = 0;
  [[nodiscard]] virtual std::string iteration(LogTime now, const runtime::IterationRecord& record) = 0;
  [[nodiscard]] virtual std::string test(LogTime now, const runtime::TestRecord& record) = 0;
  [[nodiscard]] virtual std::string planned_again(LogTime now, const LogPlan& plan) = 0;
};

/// A JSON object a line.
[[nodiscard]] std::unique_ptr<LogLines> make_jsonl_lines();
/// As Caffe's solver logs, for the programs that read its logs. `thread`: the number that each line names.
[[nodiscard]] std::unique_ptr<LogLines> make_caffe_lines(int thread);

}  // namespace octrain::apps
