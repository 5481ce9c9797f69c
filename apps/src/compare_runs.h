// Runs that a comparison has finished, kept in a file so that another can go on where it ended.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace octrain::apps {

class CompareRuns {
 public:
  /// Empty: kept nowhere. A file that is not there is begun; throws BadInput for one that is none of ours, or
  /// of another build or machine, whose times are not to be compared.
  explicit CompareRuns(std::string path);
  /// Null if there is none of that name.
  [[nodiscard]] const nlohmann::ordered_json* find(const std::string& name) const;
  /// Writes the file anew, whole or not at all. Throws IoError.
  void add(const std::string& name, const nlohmann::ordered_json& run);

 private:
  std::string path_;
  std::map<std::string, nlohmann::ordered_json> runs_;
};

}  // namespace octrain::apps
