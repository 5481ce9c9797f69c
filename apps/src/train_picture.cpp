#include "train_picture.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "replanner.h"
#include "timeline_json.h"

namespace octrain::apps {

using Json = nlohmann::ordered_json;

std::uint64_t TrainPicture::iterations(bool plans_again) {
  return plans_again ? kLeastIterationsToReplan - 1 : 3;
}

void TrainPicture::add_plan(const advisor::Plan& plan, const runtime::Trace& trace) {
  plans_.push_back(plan);
  in_use_.push_back({trace.iterations().empty() ? 0 : trace.iterations().back().number + 1, &plans_.back()});
}

void TrainPicture::write(const TrainReport& report, const advisor::Schedule& schedule,
                         const runtime::Trace& trace) {
  const Json results = report.json();
  const Timeline timeline = make_timeline({.schedule = schedule,
                                           .plans = in_use_,
                                           .iterations = trace.iterations(),
                                           .log = trace.log(),
                                           .in_core = results.at("mode") == "incore"});
  Json cell = {{"name", results.at("mode")},
               {"timeline", timeline_json(timeline, results.at("device_memory_bytes"))}};
  if (timeline.steps.empty()) cell["note"] = "no iteration ended";
  file_.write(
      {{"title", fmt::format("{} batch {}, mode {}", results.at("model").get<std::string>(),
                             results.at("batch").get<std::int64_t>(), results.at("mode").get<std::string>())},
       {"command", this_command()},
       {"facts", report.facts()},
       {"table", report.table()},
       {"schedules", Json::array({names_json(schedule)})},
       {"cells", Json::array({cell})}});
}

}  // namespace octrain::apps
