#include "timeline_json.h"

#include <nlohmann/json.hpp>

namespace octrain::apps {

namespace {

using Json = nlohmann::ordered_json;

/// Each number less the one before: short to write.
class Deltas {
 public:
  void add(std::int64_t value) {
    json_.push_back(value - last_);
    last_ = value;
  }
  [[nodiscard]] Json take() { return std::move(json_); }

 private:
  Json json_ = Json::array();
  std::int64_t last_ = 0;
};

Json steps_json(const std::vector<Step>& steps) {
  Json op = Json::array(), again = Json::array(), stall = Json::array(), run = Json::array(),
       resident = Json::array();
  Deltas start;
  for (const Step& step : steps) {
    op.push_back(step.op);
    again.push_back(step.again ? 1 : 0);
    start.add(step.start_ns);
    stall.push_back(step.stall_ns);
    run.push_back(step.run_ns);
    resident.push_back(step.resident_bytes);
  }
  return {{"op", op},          {"again", again}, {"start_delta_ns", start.take()},
          {"stall_ns", stall}, {"run_ns", run},  {"resident_bytes", resident}};
}

Json states_json(const std::vector<std::vector<StateChange>>& states) {
  Json count = Json::array(), step = Json::array(), state = Json::array(), cause = Json::array(),
       op = Json::array();
  for (const std::vector<StateChange>& changes : states) {
    count.push_back(changes.size());
    for (const StateChange& change : changes) {
      step.push_back(change.step);
      state.push_back(static_cast<int>(change.state));
      cause.push_back(static_cast<int>(change.cause));
      op.push_back(change.op);
    }
  }
  return {{"count", count}, {"step", step}, {"state", state}, {"cause", cause}, {"op", op}};
}

Json lane_json(std::string_view name, const std::vector<Slice>& slices) {
  Json duration = Json::array(), bytes = Json::array(), tensor = Json::array();
  Deltas start;
  for (const Slice& slice : slices) {
    start.add(slice.start_ns);
    duration.push_back(slice.duration_ns);
    bytes.push_back(slice.bytes);
    tensor.push_back(slice.tensor);
  }
  return {{"name", name},
          {"start_delta_ns", start.take()},
          {"duration_ns", duration},
          {"bytes", bytes},
          {"tensor", tensor}};
}

}  // namespace

Json names_json(const advisor::Schedule& schedule) {
  Json tensors = Json::array(), bytes = Json::array(), roles = Json::array(), ops = Json::array(),
       phases = Json::array();
  for (const advisor::TensorInfo& tensor : schedule.tensors) {
    tensors.push_back(tensor.name);
    bytes.push_back(tensor.bytes);
    roles.push_back(static_cast<int>(tensor.role));
  }
  for (const advisor::Op& op : schedule.ops) {
    ops.push_back(op.name);
    phases.push_back(static_cast<int>(op.phase));
  }
  return {{"tensors", tensors}, {"bytes", bytes}, {"roles", roles}, {"ops", ops}, {"phases", phases}};
}

Json timeline_json(const Timeline& timeline, std::uint64_t budget_bytes) {
  if (timeline.steps.empty()) return nullptr;
  Json lanes = Json::array();
  for (std::size_t kind = 0; kind < timeline.lanes.size(); ++kind)
    lanes.push_back(
        lane_json(runtime::lane_name(static_cast<runtime::TransferKind>(kind)), timeline.lanes[kind]));
  Json bytes = Json::array();
  Deltas time;
  for (const auto& [time_ns, resident_bytes] : timeline.resident) {
    time.add(time_ns);
    bytes.push_back(resident_bytes);
  }
  return {{"iteration", timeline.iteration},
          {"duration_ns", timeline.duration_ns},
          {"budget_bytes", budget_bytes},
          {"driver_moves", timeline.driver_moves},
          {"steps", steps_json(timeline.steps)},
          {"states", states_json(timeline.states)},
          {"lanes", lanes},
          {"resident", {{"time_delta_ns", time.take()}, {"bytes", bytes}}}};
}

}  // namespace octrain::apps
