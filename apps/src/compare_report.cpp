#include "compare_report.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path fresh_directory() {
  std::string path = std::filesystem::temp_directory_path() / "octrain-report-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw runtime::IoError("cannot make the directory " + path, errno);
  return path;
}

std::string line_of(const CompareCell& cell, bool several_batches) {
  std::string name = cell.mode;
  if (!cell.policy.empty()) name += ' ' + cell.policy;
  if (several_batches) name += fmt::format(", batch {}", cell.batch);
  return name;
}

/// The place of `schedule` among them, where it is put if it is not there.
std::size_t place_of(const Json& schedule, Json& schedules) {
  const auto found = std::find(schedules.begin(), schedules.end(), schedule);
  if (found != schedules.end()) return static_cast<std::size_t>(found - schedules.begin());
  schedules.push_back(schedule);
  return schedules.size() - 1;
}

}  // namespace

Json curve_json(const std::vector<CompareRow>& rows) {
  const auto in_core = [](const CompareRow& row) { return row.cell.mode == "incore"; };
  const bool relative = std::any_of(rows.begin(), rows.end(),
                                    [&](const CompareRow& row) { return row.of_in_core && !in_core(row); });
  const bool several = std::any_of(rows.begin(), rows.end(), [&](const CompareRow& row) {
    return row.cell.batch != rows.front().cell.batch;
  });
  std::vector<std::pair<std::string, std::vector<std::pair<double, double>>>> lines;
  for (const CompareRow& row : rows) {
    if (!row.measured || in_core(row) || (relative && !row.of_in_core)) continue;
    const std::string name = line_of(row.cell, several);
    auto line =
        std::find_if(lines.begin(), lines.end(), [&](const auto& known) { return known.first == name; });
    if (line == lines.end()) line = lines.insert(lines.end(), {name, {}});
    line->second.emplace_back(row.measured->oversubscription,
                              relative ? *row.of_in_core : row.measured->images_per_second);
  }
  Json json = {{"y", relative ? "speed over in core" : "images/s"}, {"lines", Json::array()}};
  for (auto& [name, points] : lines) {
    std::sort(points.begin(), points.end());
    json["lines"].push_back({{"name", name}, {"points", points}});
  }
  return json;
}

CompareReport::CompareReport(const std::string& path) : file_(path), directory_(fresh_directory()) {}

CompareReport::~CompareReport() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void CompareReport::add(const CompareCell& cell, const std::string& command) {
  std::ifstream file(data_file());
  const Json data = Json::parse(file, nullptr, false);
  if (!data.is_object()) throw runtime::BadInput(cell.name() + ": the training left no data for the report");
  Json& known = cells_[cell.name()];
  known = data.at("cells").at(0);
  known["schedule"] = place_of(data.at("schedules").at(0), schedules_);
  known["command"] = command;
  known["facts"] = data.at("facts");
}

Json CompareReport::cell_json(const CompareRow& row) const {
  const auto found = cells_.find(row.cell.name());
  Json json = found == cells_.end() ? Json{{"timeline", nullptr}} : found->second;
  json["name"] = row.cell.name();
  if (found == cells_.end())
    json["note"] =
        row.reason.empty() ? "kept from an earlier comparison: no iteration was recorded" : row.reason;
  return json;
}

void CompareReport::write(const std::string& model, const std::vector<CompareRow>& rows) {
  Json cells = Json::array();
  for (const CompareRow& row : rows) cells.push_back(cell_json(row));
  const bool same =
      std::all_of(rows.begin(), rows.end(), [](const CompareRow& row) { return row.same_losses; });
  file_.write(
      {{"title", model + ": a comparison"},
       {"command", this_command()},
       {"facts", Json::array({Json::array({"network", model}),
                              Json::array({"losses", same ? "the same to the last bit" : "DIFFERENT"})})},
       {"table", table_of(rows)},
       {"curve", curve_json(rows)},
       {"schedules", schedules_},
       {"cells", cells}});
}

}  // namespace octrain::apps
