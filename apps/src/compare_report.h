// The page of `octrain compare --report`: a recorded iteration of every cell, the curve over
// oversubscription, and the table.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare_result.h"
#include "report_page.h"

namespace octrain::apps {

/// What the page draws: x footprint over budget, y the speed over in core; where nothing ran in core,
/// images/s. A line a batch, mode and policy. Cells in core are no points: they are what y is measured by.
[[nodiscard]] nlohmann::ordered_json curve_json(const std::vector<CompareRow>& rows);

class CompareReport {
 public:
  /// Throws as ReportFile.
  explicit CompareReport(const std::string& path);
  ~CompareReport();
  CompareReport(const CompareReport&) = delete;
  CompareReport& operator=(const CompareReport&) = delete;

  /// The file that the next training is to leave its data in (octrain train --report).
  [[nodiscard]] std::string data_file() const { return directory_ / "cell.json"; }
  /// The training of that cell ended well: takes its data.
  void add(const CompareCell& cell, const std::string& command);
  /// With all rows of the comparison, those of cells without data as well.
  void write(const std::string& model, const std::vector<CompareRow>& rows);

 private:
  [[nodiscard]] nlohmann::ordered_json cell_json(const CompareRow& row) const;

  ReportFile file_;
  std::filesystem::path directory_;
  nlohmann::ordered_json schedules_ = nlohmann::ordered_json::array();  // no two alike
  std::map<std::string, nlohmann::ordered_json> cells_;                 // by name
};

}  // namespace octrain::apps
