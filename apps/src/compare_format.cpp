// The rows of a comparison for people, for documents and for programs.
#include <fmt/format.h>

#include <algorithm>

#include "compare_result.h"
#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;
using Cells = std::vector<std::string>;

const Cells kHead{"batch",     "mode",    "memory",    "plan",       "images/s",    "±",
                  "× in core", "× naive", "peak",      "planned in", "planned out", "faulted",
                  "evicted",   "stalled", "predicted", "bound by",   "losses"};

std::string times(std::optional<double> ratio) { return ratio ? fmt::format("{:.3f}", *ratio) : "-"; }
std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string bytes(std::optional<std::uint64_t> count) {
  return count ? format_bytes(*count) : "not measured";
}

std::string memory_of(const CompareRow& row) {
  if (row.measured) return format_bytes(row.measured->device_memory_bytes);
  return row.cell.device_memory.empty() ? "-" : row.cell.device_memory;
}

Cells cells_of(const CompareRow& row) {
  Cells cells{fmt::format("{}", row.cell.batch), row.cell.mode, memory_of(row)};
  if (!row.measured) {
    cells.push_back(row.cell.policy.empty() ? "-" : row.cell.policy);
    cells.resize(kHead.size(), "-");
    cells.back() = row.reason;
    return cells;
  }
  const Measured& run = *row.measured;
  for (std::string cell :
       {run.plan, fmt::format("{:.2f}", run.images_per_second), percent(run.spread), times(row.of_in_core),
        times(row.of_naive), format_bytes(run.peak_bytes), format_bytes(run.in_bytes),
        format_bytes(run.out_bytes), bytes(run.faulted_bytes), bytes(run.evicted_bytes),
        percent(run.stall_share), run.predicted ? fmt::format("{:+.1f} %", 100 * (*run.predicted - 1)) : "-",
        row.bound_by, std::string(row.same_losses ? "same" : "DIFFERENT")}) {
    cells.push_back(std::move(cell));
  }
  if (!row.reason.empty()) cells.back() += "; " + row.reason;
  return cells;
}

std::string markdown(const std::vector<CompareRow>& rows) {
  std::string text = fmt::format("| {} |\n|", fmt::join(kHead, " | "));
  for (std::size_t i = 0; i < kHead.size(); ++i) text += " --- |";
  text += '\n';
  for (const CompareRow& row : rows) {
    Cells cells = cells_of(row);
    for (std::string& cell : cells) {
      for (std::size_t at = cell.find('|'); at != std::string::npos; at = cell.find('|', at + 2))
        cell.insert(at, 1, '\\');
    }
    text += fmt::format("| {} |\n", fmt::join(cells, " | "));
  }
  return text;
}

nlohmann::ordered_json json_of(const CompareRow& row) {
  const auto or_null = [](const auto& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json json = {{"batch", row.cell.batch}, {"mode", row.cell.mode}};
  if (!row.cell.device_memory.empty()) json["device_memory"] = row.cell.device_memory;
  if (!row.cell.policy.empty()) json["policy"] = row.cell.policy;
  if (!row.reason.empty()) json["reason"] = row.reason;
  if (!row.measured) return json;
  const Measured& run = *row.measured;
  json.update({{"plan", run.plan},
               {"median_seconds", run.seconds},
               {"spread", run.spread},
               {"images_per_second", run.images_per_second},
               {"of_in_core", or_null(row.of_in_core)},
               {"of_naive", or_null(row.of_naive)},
               {"device_memory_bytes", run.device_memory_bytes},
               {"peak_resident_bytes", run.peak_bytes},
               {"planned_in_bytes", run.in_bytes},
               {"planned_out_bytes", run.out_bytes},
               {"fault_in_bytes", or_null(run.faulted_bytes)},
               {"driver_evicted_bytes", or_null(run.evicted_bytes)},
               {"stall_share", run.stall_share},
               {"predicted_over_measured", or_null(run.predicted)},
               {"bound_by", row.bound_by},
               {"same_losses", row.same_losses}});
  return json;
}

/// Quoted where it must be (RFC 4180).
std::string csv_field(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string text = value.get<std::string>();
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2))
    text.insert(at, 1, '"');
  return '"' + text + '"';
}

/// The fields of JSON, a column each.
std::string csv(const std::vector<CompareRow>& rows) {
  const Cells columns{"batch",
                      "mode",
                      "device_memory",
                      "policy",
                      "plan",
                      "median_seconds",
                      "spread",
                      "images_per_second",
                      "of_in_core",
                      "of_naive",
                      "device_memory_bytes",
                      "peak_resident_bytes",
                      "planned_in_bytes",
                      "planned_out_bytes",
                      "fault_in_bytes",
                      "driver_evicted_bytes",
                      "stall_share",
                      "predicted_over_measured",
                      "bound_by",
                      "same_losses",
                      "reason"};
  std::string text = fmt::format("{}\n", fmt::join(columns, ","));
  for (const CompareRow& row : rows) {
    const nlohmann::ordered_json json = json_of(row);
    Cells fields;
    for (const std::string& column : columns)
      fields.push_back(json.contains(column) ? csv_field(json[column]) : std::string());
    text += fmt::format("{}\n", fmt::join(fields, ","));
  }
  return text;
}

}  // namespace

std::vector<std::vector<std::string>> table_of(const std::vector<CompareRow>& rows) {
  std::vector<Cells> table{kHead};
  for (const CompareRow& row : rows) table.push_back(cells_of(row));
  return table;
}

std::string format_rows(const std::string& model, const std::vector<CompareRow>& rows, CompareFormat format) {
  if (format == CompareFormat::markdown) return markdown(rows);
  if (format == CompareFormat::csv) return csv(rows);
  if (format == CompareFormat::json) {
    nlohmann::ordered_json json = {{"model", model}, {"cells", nlohmann::ordered_json::array()}};
    for (const CompareRow& row : rows) json["cells"].push_back(json_of(row));
    return json.dump(2) + '\n';
  }
  return table_text(table_of(rows));
}

}  // namespace octrain::apps
