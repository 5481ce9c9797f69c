// What `octrain train --report` shows: an iteration that was recorded, beside the account of the training.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "octrain/runtime/program.h"
#include "octrain/runtime/trace.h"
#include "report.h"
#include "report_page.h"
#include "timeline.h"

namespace octrain::apps {

class TrainPicture {
 public:
  /// Throws as ReportFile.
  explicit TrainPicture(const std::string& path) : file_(path) {}

  /// From the iteration on that comes after those recorded.
  void add_plan(const advisor::Plan& plan, const runtime::Trace& trace);
  /// `trace` is paused, and has what was recorded.
  void write(const TrainReport& report, const advisor::Schedule& schedule, const runtime::Trace& trace);

  /// Iterations that must be recorded. One begins with nothing on the device; the second is like all that
  /// follow, unless another plan comes.
  [[nodiscard]] static std::uint64_t iterations(bool plans_again);

 private:
  ReportFile file_;
  std::deque<advisor::Plan> plans_;
  std::vector<PlanInUse> in_use_;
};

}  // namespace octrain::apps
