// The page of --report: a template with the data in it, one file that needs no other (docs/formats.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "output.h"

namespace octrain::apps {

/// Embedded from apps/report (apps/CMakeLists.txt).
[[nodiscard]] std::string page_template();

/// The page that shows this data.
[[nodiscard]] std::string report_page(const nlohmann::ordered_json& data);

/// The command that this process runs, as a shell would take it.
[[nodiscard]] std::string this_command();
[[nodiscard]] std::string shell_command(const std::vector<std::string>& words);

/// Where --report goes.
class ReportFile {
 public:
  /// Throws UsageError for a directory, IoError for what cannot be written.
  explicit ReportFile(const std::string& path);
  /// The page; to a name that ends in .json the data alone. Once. Throws IoError.
  void write(const nlohmann::ordered_json& data);

 private:
  bool data_alone_;
  PendingFile file_;
};

}  // namespace octrain::apps
