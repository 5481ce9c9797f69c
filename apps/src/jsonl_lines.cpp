#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "log_lines.h"

namespace octrain::apps {

namespace {

using nlohmann::ordered_json;

/// "2026-11-22T03:04:05.678Z"
std::string utc(LogTime now) {
  using namespace std::chrono;
  const auto since = now.time_since_epoch();
  const auto whole = floor<seconds>(since);
  const std::time_t time = whole.count();
  std::tm at{};
  ::gmtime_r(&time, &at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", at.tm_year + 1900, at.tm_mon + 1,
                     at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec,
                     duration_cast<milliseconds>(since - whole).count());
}

std::string line(const char* kind, LogTime now, const ordered_json& of) {
  ordered_json json = {{"kind", kind}, {"time", utc(now)}};
  json.update(of);
  return json.dump() + '\n';
}

class JsonLines final : public LogLines {
 public:
  std::string start(LogTime now, const LogStart& start) override {
    scaled_ = start.facts.scaled();
    ordered_json json = {{"iteration", start.iteration}, {"of", start.iterations}};
    json.update(json_of(start.facts));
    return line("run", now, json);
  }
  std::string iteration(LogTime now, const runtime::IterationRecord& record) override {
    return line("iteration", now, json_of(IterationRow(record), scaled_));
  }
  std::string test(LogTime now, const runtime::TestRecord& record) override {
    return line("test", now,
                {{"iteration", record.iteration},
                 {"accuracy", record.accuracy},
                 {"loss", record.loss},
                 {"seconds", record.seconds}});
  }
  std::string planned_again(LogTime now, const LogPlan& plan) override {
    const advisor::Simulation& prediction = plan.plan.prediction;
    return line("planned_again", now,
                {{"iteration", plan.iteration},
                 {"policy", plan.plan.policy},
                 {"recompute", plan.plan.recompute},
                 {"arena_bytes", plan.arena_bytes},
                 {"predicted_seconds", static_cast<double>(prediction.total_ns) * 1e-9},
                 {"predicted_in_bytes", prediction.in_bytes},
                 {"predicted_out_bytes", prediction.out_bytes},
                 {"predicted_discarded_bytes", prediction.discarded_bytes}});
  }

 private:
  bool scaled_ = false;
};

}  // namespace

std::unique_ptr<LogLines> make_jsonl_lines() { return std::make_unique<JsonLines>(); }

}  // namespace octrain::apps
