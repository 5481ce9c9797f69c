// Lines as Caffe's solver and glog write them: "I1122 03:04:05.678901  1234 solver.cpp:218] Iteration 100 …",
// with local times, and the names of Caffe's sources, since some readers count words.
#include <fmt/format.h>

#include <ctime>

#include "log_lines.h"

namespace octrain::apps {

namespace {

using std::chrono::microseconds;

std::tm local(LogTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm at{};
  ::localtime_r(&seconds, &at);
  return at;
}

class CaffeLines final : public LogLines {
 public:
  explicit CaffeLines(int thread) : thread_(thread) {}

  /// A file begins with the lines of glog, once: some readers stop at one between those with a time.
  std::string start(LogTime now, const LogStart& start) override {
    std::string text;
    if (start.file_is_empty) {
      const std::tm at = local(now);
      text = fmt::format(
          "Log file created at: {:04}/{:02}/{:02} {:02}:{:02}:{:02}\n"
          "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n",
          at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
    }
    return text + line(now, "solver.cpp:279", "Solving " + start.facts.model);
  }

  /// The rate comes first. Caffe tells it behind the losses, and its reader gives every row the rate that it
  /// read last: that of the row before.
  std::string iteration(LogTime now, const runtime::IterationRecord& record) override {
    const double seconds = record.metrics.seconds;
    return line(now, "sgd_solver.cpp:105",
                fmt::format("Iteration {}, lr = {:.6g}", record.iteration, record.learning_rate)) +
           line(now, "solver.cpp:218",
                fmt::format("Iteration {} ({:.6g} iter/s, {:.6g}s/1 iters), loss = {:.6g}", record.iteration,
                            seconds > 0 ? 1 / seconds : 0.0, seconds, record.loss)) +
           line(now, "solver.cpp:237", "    Train net output #0: " + loss_text(record.loss));
  }

  std::string test(LogTime now, const runtime::TestRecord& record) override {
    const auto took =
        std::chrono::duration_cast<LogTime::duration>(std::chrono::duration<double>(record.seconds));
    return line(now - took, "solver.cpp:330",
                fmt::format("Iteration {}, Testing net (#0)", record.iteration)) +
           line(now, "solver.cpp:397",
                fmt::format("    Test net output #0: accuracy = {:.6g}", record.accuracy)) +
           line(now, "solver.cpp:397", "    Test net output #1: " + loss_text(record.loss));
  }

  std::string planned_again(LogTime now, const LogPlan& plan) override {
    return line(now, "octrain:1",
                fmt::format("Planned again with measured times: policy {}, recompute {}", plan.plan.policy,
                            plan.plan.recompute));
  }

 private:
  [[nodiscard]] std::string line(LogTime time, const char* source, const std::string& text) const {
    const std::tm at = local(time);
    const auto part = time - std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("I{:02}{:02} {:02}:{:02}:{:02}.{:06} {:>5} {}] {}\n", at.tm_mon + 1, at.tm_mday,
                       at.tm_hour, at.tm_min, at.tm_sec,
                       std::chrono::duration_cast<microseconds>(part).count(), thread_, source, text);
  }
  static std::string loss_text(double loss) {
    return fmt::format("loss = {0:.6g} (* 1 = {0:.6g} loss)", loss);
  }

  int thread_;
};

}  // namespace

std::unique_ptr<LogLines> make_caffe_lines(int thread) { return std::make_unique<CaffeLines>(thread); }

}  // namespace octrain::apps
