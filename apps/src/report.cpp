#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;

constexpr std::size_t kRowsShown = 20;

/// Of what nobody measured there is no figure, which is not zero.
nlohmann::ordered_json json_of(std::optional<std::uint64_t> value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}
std::string bytes_text(std::optional<std::uint64_t> bytes) {
  return bytes ? format_bytes(*bytes) : "not measured";
}
std::string count_text(std::optional<std::uint64_t> count) {
  return count ? fmt::format("{}", *count) : "not measured";
}

/// What the driver of managed memory did by itself, and what the space sent away to make room.
void add_driver(nlohmann::ordered_json& row, const runtime::MemoryCounters& memory) {
  if (!memory.driver_moves) return;
  row["evicted_for_room_bytes"] = memory.driver_evicted_bytes;
  if (!memory.driver) return;
  const runtime::DriverCounters& driver = *memory.driver;
  row["driver"] = {{"prefetch_in_bytes", driver.prefetch_in_bytes},
                   {"demand_in_bytes", driver.demand_in_bytes},
                   {"speculative_in_bytes", driver.speculative_in_bytes},
                   {"other_in_bytes", driver.other_in_bytes},
                   {"prefetch_out_bytes", driver.prefetch_out_bytes},
                   {"evicted_bytes", driver.evicted_bytes},
                   {"other_out_bytes", driver.other_out_bytes},
                   {"fault_groups", driver.fault_groups},
                   {"thrashings", driver.thrashings}};
}

}  // namespace

IterationRow::IterationRow(const runtime::IterationRecord& record)
    : iteration(record.iteration),
      loss(record.loss),
      learning_rate(record.learning_rate),
      loss_scale(record.loss_scale),
      overflow(record.overflow),
      seconds(record.metrics.seconds),
      images_per_second(record.images_per_second),
      stall_seconds(record.metrics.stall_seconds),
      recompute_seconds(record.metrics.recompute_seconds),
      memory(record.metrics.memory) {}

nlohmann::ordered_json json_of(const RunFacts& facts) {
  nlohmann::ordered_json json = {
      {"model", facts.model},
      {"batch", facts.batch},
      {"mode", facts.mode},
      {"policy", facts.policy},
      {"recompute", facts.recompute},
      {"share", facts.share},
      {"backend", facts.backend},
      {"precision", facts.precision},
      {"tier", facts.tier},
      {"seed", facts.seed},
      {"device_memory_bytes", facts.device_memory_bytes},
      {"footprint_bytes", facts.footprint_bytes},
      {"arena_bytes", facts.arena_bytes},
      {"oversubscription", facts.oversubscription()},
  };
  if (facts.predicted_seconds) json["predicted_seconds"] = *facts.predicted_seconds;
  return json;
}

nlohmann::ordered_json json_of(const IterationRow& row, bool scaled) {
  nlohmann::ordered_json json = {{"iteration", row.iteration},
                                 {"loss", row.loss},
                                 {"learning_rate", row.learning_rate},
                                 {"seconds", row.seconds},
                                 {"images_per_second", row.images_per_second},
                                 {"planned_in_bytes", row.memory.planned_in_bytes},
                                 {"planned_out_bytes", row.memory.planned_out_bytes},
                                 {"discarded_bytes", row.memory.discarded_bytes},
                                 {"faults", json_of(row.memory.measured_faults())},
                                 {"fault_in_bytes", json_of(row.memory.measured_fault_in_bytes())},
                                 {"driver_evicted_bytes", json_of(row.memory.measured_evicted_bytes())},
                                 {"stall_seconds", row.stall_seconds},
                                 {"recompute_seconds", row.recompute_seconds},
                                 {"peak_resident_bytes", row.memory.peak_resident_bytes}};
  add_driver(json, row.memory);
  if (!scaled) return json;
  json["loss_scale"] = row.loss_scale;
  json["overflow"] = row.overflow;
  return json;
}

void TrainReport::set_plan(const advisor::Advice& plan, std::uint64_t arena_bytes) {
  facts_.policy = plan.policy;
  facts_.recompute = plan.recompute;
  facts_.predicted_seconds = static_cast<double>(plan.prediction.total_ns) * 1e-9;
  facts_.arena_bytes = arena_bytes;
  planned_after_ = rows_.size();
}

double TrainReport::median_seconds() const {
  if (rows_.empty()) return 0;
  std::vector<double> seconds;
  for (const IterationRow& row : rows_) seconds.push_back(row.seconds);
  std::sort(seconds.begin(), seconds.end());
  const std::size_t middle = seconds.size() / 2;
  return seconds.size() % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2;
}

nlohmann::ordered_json TrainReport::json() const {
  nlohmann::ordered_json json = json_of(facts_);
  json["median_seconds"] = median_seconds();
  json["iterations"] = nlohmann::ordered_json::array();
  if (planned_after_ > 0) json["planned_again_after"] = planned_after_;
  for (const IterationRow& row : rows_) json["iterations"].push_back(json_of(row, facts_.scaled()));
  if (test_) {
    json["test_accuracy"] = test_->accuracy;
    json["test_loss"] = test_->loss;
  }
  return json;
}

std::vector<std::vector<std::string>> TrainReport::table() const {
  std::vector<std::vector<std::string>> table{{"iteration", "loss", "seconds", "images/s", "planned in",
                                               "planned out", "discarded", "faults", "faulted in",
                                               "driver evicted", "stalled s", "peak resident"}};
  const std::size_t count = rows_.size();
  const std::size_t shown = std::min(count, kRowsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const IterationRow& row = rows_[shown == 1 ? 0 : i * (count - 1) / (shown - 1)];
    table.push_back({fmt::format("{}", row.iteration), fmt::format("{:.6g}", row.loss),
                     fmt::format("{:.4g}", row.seconds), fmt::format("{:.1f}", row.images_per_second),
                     format_bytes(row.memory.planned_in_bytes), format_bytes(row.memory.planned_out_bytes),
                     format_bytes(row.memory.discarded_bytes), count_text(row.memory.measured_faults()),
                     bytes_text(row.memory.measured_fault_in_bytes()),
                     bytes_text(row.memory.measured_evicted_bytes()),
                     fmt::format("{:.3g}", row.stall_seconds), format_bytes(row.memory.peak_resident_bytes)});
  }
  return table;
}

std::string TrainReport::text() const { return table_text(table()) + summary(); }

std::vector<std::vector<std::string>> TrainReport::facts() const {
  const double median = median_seconds();
  std::vector<std::vector<std::string>> facts{
      {"network", fmt::format("{}, batch {}, {}", facts_.model, facts_.batch, facts_.precision)},
      {"mode", facts_.mode},
      {"plan",
       fmt::format("policy {}, recompute {}, share {}", facts_.policy, facts_.recompute, facts_.share)},
      {"backend", fmt::format("{}, tier below: {}", facts_.backend, facts_.tier)},
      {"device memory",
       fmt::format("{} for a footprint of {} ({:.2f} ×)", format_bytes(facts_.device_memory_bytes),
                   format_bytes(facts_.footprint_bytes), facts_.oversubscription())},
      {"median iteration", fmt::format("{:.4g} s, {:.4g} images/s", median,
                                       median > 0 ? static_cast<double>(facts_.batch) / median : 0.0)},
      {"seed", fmt::format("{}", facts_.seed)}};
  if (facts_.predicted_seconds)
    facts.push_back({"predicted", fmt::format("{:.4g} s", *facts_.predicted_seconds)});
  if (planned_after_ > 0)
    facts.push_back(
        {"planned again", fmt::format("after {} iterations, with measured times", planned_after_)});
  if (test_)
    facts.push_back(
        {"test", fmt::format("accuracy {:.2f} %, loss {:.4f}", 100 * test_->accuracy, test_->loss)});
  return facts;
}

std::string TrainReport::summary() const {
  const double median = median_seconds();
  std::string text = fmt::format(
      "{} batch {}  mode {}  policy {}  footprint {} in {} ({:.2f} x)  tier {}  median {:.4g} s  {:.4g} "
      "images/s\n",
      facts_.model, facts_.batch, facts_.mode, facts_.policy, format_bytes(facts_.footprint_bytes),
      format_bytes(facts_.device_memory_bytes),
      static_cast<double>(facts_.footprint_bytes) / static_cast<double>(facts_.device_memory_bytes),
      facts_.tier, median, median > 0 ? static_cast<double>(facts_.batch) / median : 0.0);
  if (test_) text += fmt::format("test accuracy {:.2f} %  loss {:.4f}\n", 100 * test_->accuracy, test_->loss);
  return text;
}

}  // namespace octrain::apps
