#include "progress.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kLine{10};

std::string moved_text(const runtime::MemoryCounters& memory) {
  const auto faults = memory.measured_faults();
  return fmt::format(
      "in {} out {} faults {}",
      runtime::format_bytes(memory.planned_in_bytes + memory.measured_fault_in_bytes().value_or(0)),
      runtime::format_bytes(memory.planned_out_bytes + memory.measured_evicted_bytes().value_or(0)),
      faults ? fmt::format("{}", *faults) : "not measured");
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputc('\n', stderr);
}

bool ProgressLine::due() const {
  return Clock::now() - shown_ >= (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLine));
}

void ProgressLine::show(const std::string& line) {
  shown_ = Clock::now();
  if (terminal_) {
    std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
    std::fflush(stderr);
    drawn_ = true;
  } else {
    spdlog::info(line);
  }
}

void ProgressLine::note(const std::string& text) {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
  spdlog::info(text);
}

ProgressReporter::ProgressReporter(const runtime::MemorySpace& memory, std::uint64_t iterations,
                                   std::int64_t batch)
    : memory_(memory), iterations_(iterations), batch_(batch) {}

void ProgressReporter::iteration(const runtime::IterationRecord& record) {
  last_ = fmt::format("loss {:.4f}  {:.1f} images/s  {}", record.loss, record.images_per_second,
                      moved_text(record.metrics.memory));
  last_seconds_ = record.metrics.seconds;
  const bool last = record.iteration + 1 == iterations_;
  if (!line_.due() && !last) return;
  const double left = static_cast<double>(iterations_ - record.iteration - 1) * last_seconds_;
  line_.show(fmt::format("iteration {}/{}  {}  stalled {}  ETA {}", record.iteration + 1, iterations_, last_,
                         runtime::format_duration(record.metrics.stall_seconds),
                         runtime::format_duration(left)));
}

void ProgressReporter::test(const runtime::TestRecord& record) {
  note(fmt::format("after {} iterations: test accuracy {:.2f} %, loss {:.4f}, {}", record.iteration,
                   100 * record.accuracy, record.loss, runtime::format_duration(record.seconds)));
}

std::string ProgressReporter::position(const runtime::Progress& progress) const {
  const double expected = progress.elapsed_seconds + progress.remaining_seconds;
  std::string text = fmt::format(
      "{} {}  op {}/{}  {:.1f} images/s  resident {}", progress.testing ? "test batch" : "iteration",
      progress.testing ? fmt::format("{}", progress.iteration + 1)
                       : fmt::format("{}/{}", progress.iteration + 1, iterations_),
      progress.ops_done, progress.ops, expected > 0 ? static_cast<double>(batch_) / expected : 0.0,
      runtime::format_bytes(memory_.resident_bytes()));
  if (!last_.empty()) text += "  (last: " + last_ + ")";
  text += "  this one " + runtime::format_duration(progress.remaining_seconds);
  if (!progress.testing) {
    const double left = static_cast<double>(iterations_ - progress.iteration - 1) * expected;
    text += "  ETA " + runtime::format_duration(progress.remaining_seconds + left);
  }
  return text;
}

void ProgressReporter::progress(const runtime::Progress& progress) {
  if (line_.due()) line_.show(position(progress));
}

}  // namespace octrain::apps
