#include "progress.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

constexpr std::chrono::milliseconds kRedraw{200};
/// Lines in a file: one after ten seconds, later fewer, but one a minute.
constexpr std::chrono::seconds kFirstLine{10}, kLastLine{60};
constexpr int kLinesOfAnAge = 10;
constexpr std::size_t kUsualColumns = 80;
/// The last iteration's part in what is expected of the next.
constexpr double kNews = 0.3;

/// One whose lines can be drawn again.
bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

LastIteration figures_of(const runtime::IterationRecord& record) {
  const runtime::MemoryCounters& memory = record.metrics.memory;
  const auto a_second = [&](std::uint64_t bytes) {
    return record.metrics.seconds > 0 ? static_cast<double>(bytes) / record.metrics.seconds : 0.0;
  };
  return {
      .loss = record.loss,
      .images_per_second = record.images_per_second,
      .stall_seconds = record.metrics.stall_seconds,
      .in_bytes_per_second = a_second(memory.planned_in_bytes + memory.measured_fault_in_bytes().value_or(0)),
      .out_bytes_per_second =
          a_second(memory.planned_out_bytes + memory.measured_evicted_bytes().value_or(0)),
      .faults = memory.measured_faults()};
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(is_terminal()) {}

bool ProgressLine::due() const {
  const Clock::time_point now = Clock::now();
  if (terminal_) return now - shown_ >= kRedraw;
  return now - shown_ >= std::clamp<Clock::duration>((now - begun_) / kLinesOfAnAge, kFirstLine, kLastLine);
}

std::size_t ProgressLine::columns() const {
  if (!terminal_) return std::numeric_limits<std::size_t>::max();
  winsize size{};
  const bool told = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (told ? size.ws_col : kUsualColumns) - 1;  // behind the last column some terminals begin a line
}

void ProgressLine::wipe() {
  if (drawn_columns_ == 0) return;
  const std::string blanks(std::min(drawn_columns_, columns()), ' ');
  std::fprintf(stderr, "\r%s\r", blanks.c_str());
  drawn_columns_ = 0;
}

void ProgressLine::show(const std::string& line) {
  shown_ = Clock::now();
  if (!terminal_) return spdlog::info(line);
  const std::string fits = cut_to(line, columns());
  const std::size_t wide = width(fits);
  const std::string blanks(drawn_columns_ > wide ? std::min(drawn_columns_, columns()) - wide : 0, ' ');
  std::fprintf(stderr, "\r%s%s", fits.c_str(), blanks.c_str());
  std::fflush(stderr);
  drawn_columns_ = wide;
}

void ProgressLine::note(const std::string& text) {
  wipe();
  spdlog::info(text);
}

void ProgressLine::end() {
  if (drawn_columns_ > 0) std::fputc('\n', stderr);
  drawn_columns_ = 0;
}

ProgressReporter::ProgressReporter(const runtime::MemorySpace& memory, std::uint64_t iterations,
                                   std::int64_t images)
    : memory_(memory), iterations_(iterations), images_(images) {}

void ProgressReporter::show(Standing standing) {
  standing.last = last_;
  standing.resident_bytes = memory_.resident_bytes();
  standing.peak_bytes = peak_bytes_;
  line_.show(progress_text(standing, line_.columns()));
}

void ProgressReporter::iteration(const runtime::IterationRecord& record) {
  const double seconds = record.metrics.seconds;
  // The first is the slowest, for all that is touched for the first time, so the second counts alone.
  usual_seconds_ = trained_ < 2 ? seconds : kNews * seconds + (1 - kNews) * usual_seconds_;
  ++trained_;
  last_ = figures_of(record);
  peak_bytes_ = record.metrics.memory.peak_resident_bytes;
  const bool last = record.iteration + 1 == iterations_;
  if (!line_.due() && !last) return;
  Standing standing{.at = record.iteration + 1, .of = iterations_};
  if (!last)
    standing.remaining_seconds = static_cast<double>(iterations_ - record.iteration - 1) * usual_seconds_;
  show(standing);
}

void ProgressReporter::test(const runtime::TestRecord& record) {
  note(fmt::format("after {} iterations: test accuracy {:.2f} %, loss {:.4f}, {}", record.iteration,
                   100 * record.accuracy, record.loss, runtime::format_duration(record.seconds)));
}

void ProgressReporter::progress(const runtime::Progress& progress) {
  if (!line_.due()) return;
  Standing standing{.testing = progress.testing,
                    .at = progress.iteration + 1,
                    .ops_done = progress.ops_done,
                    .ops = progress.ops};
  const double expected = progress.elapsed_seconds + progress.remaining_seconds;
  if (expected > 0) standing.expected_images_per_second = static_cast<double>(images_) / expected;
  if (!progress.testing) {
    standing.of = iterations_;
    const auto left = static_cast<double>(iterations_ - progress.iteration - 1);
    standing.remaining_seconds =
        progress.remaining_seconds + left * (trained_ > 0 ? usual_seconds_ : expected);
  }
  show(standing);
}

}  // namespace octrain::apps
