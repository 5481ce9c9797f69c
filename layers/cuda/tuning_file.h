// The file of choices: text, one line a choice (tuning.h), only ever added to. Lines that are damaged are as
// if they were not there; of two for one key, the later counts. No CUDA in here.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "tuning.h"

namespace octrain::layers::cuda {

class TuningFile {
 public:
  /// Reads what is there; a missing file is an empty one. Throws IoError naming it when it cannot be read.
  explicit TuningFile(std::filesystem::path path);

  [[nodiscard]] std::optional<Choice> find(const std::string& key) const;
  /// Adds the line, unless another process has meanwhile chosen for the key otherwise than `instead_of` (what
  /// find() said, if anything): then that stands. Answers what the file says now. One write under a lock: the
  /// line is there whole or, at worst, damaged.
  Choice remember(const std::string& key, const Choice& choice, const std::optional<Choice>& instead_of);

 private:
  void take_lines(std::string_view text);

  std::filesystem::path path_;
  std::map<std::string, Choice> choices_;
};

}  // namespace octrain::layers::cuda
