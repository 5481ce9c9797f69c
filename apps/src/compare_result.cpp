#include "compare_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

using Json = nlohmann::ordered_json;

/// What a cell loses to computing alone before its time counts as spent on something else.
constexpr double kOfNoAccount = 0.03;

std::size_t first_warm(const Json& run) {
  const std::size_t count = run.at("iterations").size();
  const std::size_t first = std::max<std::size_t>(1, run.value("planned_again_after", std::size_t{0}));
  return first < count ? first : 0;  // too short a run: all that there is
}

std::vector<const Json*> warm_iterations(const CompareResult& result) {
  std::vector<const Json*> warm;
  for (const Json& run : result.runs) {
    const Json& iterations = run.at("iterations");
    for (std::size_t i = first_warm(run); i < iterations.size(); ++i) warm.push_back(&iterations[i]);
  }
  return warm;
}

/// Between the two nearest of sorted values.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::uint64_t largest(const std::vector<const Json*>& iterations, const char* key) {
  std::uint64_t most = 0;
  for (const Json* iteration : iterations) most = std::max(most, iteration->at(key).get<std::uint64_t>());
  return most;
}

std::optional<std::uint64_t> largest_measured(const std::vector<const Json*>& iterations, const char* key) {
  for (const Json* iteration : iterations) {
    if (iteration->at(key).is_null()) return {};
  }
  return largest(iterations, key);
}

std::vector<double> losses_of(const Json& run) {
  std::vector<double> losses;
  for (const Json& iteration : run.at("iterations")) losses.push_back(iteration.at("loss").get<double>());
  return losses;
}

Measured measure(const CompareResult& result) {
  Measured measured;
  const Json& last = result.runs.back();
  const std::vector<const Json*> warm = warm_iterations(result);
  if (warm.empty()) throw runtime::BadInput("a training of no iterations");
  std::vector<double> seconds;
  double stalled = 0, all = 0;
  for (const Json* iteration : warm) {
    seconds.push_back(iteration->at("seconds").get<double>());
    stalled += iteration->at("stall_seconds").get<double>();
    all += seconds.back();
  }
  std::sort(seconds.begin(), seconds.end());
  measured.seconds = quantile(seconds, 0.5);
  measured.spread = (quantile(seconds, 0.75) - quantile(seconds, 0.25)) / 2 / measured.seconds;
  measured.images_per_second = last.at("batch").get<double>() / measured.seconds;
  measured.stall_share = all > 0 ? stalled / all : 0;
  measured.plan = last.at("policy").get<std::string>();
  if (const auto again = last.at("recompute").get<std::string>(); again != "none")
    measured.plan += "+" + again;
  measured.oversubscription = last.at("oversubscription").get<double>();
  measured.device_memory_bytes = last.at("device_memory_bytes").get<std::uint64_t>();
  measured.peak_bytes = largest(warm, "peak_resident_bytes");
  measured.in_bytes = largest(warm, "planned_in_bytes");
  measured.out_bytes = largest(warm, "planned_out_bytes");
  measured.faulted_bytes = largest_measured(warm, "fault_in_bytes");
  measured.evicted_bytes = largest_measured(warm, "driver_evicted_bytes");
  if (last.contains("predicted_seconds"))
    measured.predicted = last["predicted_seconds"].get<double>() / measured.seconds;
  measured.losses = losses_of(result.runs.front());
  return measured;
}

const CompareRow* find_reference(const std::vector<CompareRow>& rows, const CompareRow& row,
                                 const std::string& mode) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const CompareRow& other) {
    return other.measured && other.cell.batch == row.cell.batch && other.cell.mode == mode &&
           (mode == "incore" || other.cell.device_memory == row.cell.device_memory);
  });
  return found == rows.end() ? nullptr : &*found;
}

std::string bound_by(const Measured& measured, std::optional<double> of_in_core) {
  const double lost = of_in_core ? 1 - *of_in_core : measured.stall_share;
  const bool faults = measured.faulted_bytes.value_or(0) > 0;
  if (lost <= kOfNoAccount) return "compute";
  if (!measured.faulted_bytes) return "unknown";
  if (faults && *measured.faulted_bytes > measured.in_bytes) return "faults";
  if (measured.stall_share > kOfNoAccount) return "link";
  return faults ? "faults" : "compute";
}

}  // namespace

Measured measured(const CompareResult& result) {
  try {
    return measure(result);
  } catch (const nlohmann::json::exception& error) {
    throw runtime::BadInput(result.cell.name() + ": not the JSON of a training: " + error.what());
  }
}

std::vector<CompareRow> rows_of(const std::vector<CompareResult>& results) {
  std::vector<CompareRow> rows;
  for (const CompareResult& result : results) {
    CompareRow row{.cell = result.cell,
                   .measured = {},
                   .reason = result.reason,
                   .of_in_core = {},
                   .of_naive = {},
                   .bound_by = {}};
    if (result.ran()) {
      row.measured = measured(result);
      const auto first = std::find_if(rows.begin(), rows.end(), [&](const CompareRow& other) {
        return other.measured && other.cell.batch == result.cell.batch;
      });
      const std::vector<double> expected =
          first == rows.end() ? row.measured->losses : first->measured->losses;
      row.same_losses = std::all_of(result.runs.begin(), result.runs.end(),
                                    [&](const Json& run) { return losses_of(run) == expected; });
    }
    rows.push_back(std::move(row));
  }
  for (CompareRow& row : rows) {
    if (!row.measured) continue;
    const auto speed_over = [&](const std::string& mode) -> std::optional<double> {
      const CompareRow* reference = find_reference(rows, row, mode);
      if (reference == nullptr) return {};
      return reference->measured->seconds / row.measured->seconds;
    };
    row.of_in_core = speed_over("incore");
    row.of_naive = row.cell.mode == "incore" ? std::nullopt : speed_over("um-naive");
    row.bound_by = bound_by(*row.measured, row.of_in_core);
  }
  return rows;
}

}  // namespace octrain::apps
