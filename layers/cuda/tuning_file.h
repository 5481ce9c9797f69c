// The file of choices: text, one line a choice (tuning.h), only ever added to. Lines that are damaged are as
// if they were not there; of two for one key, the later counts. No CUDA in here.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tuning.h"

namespace octrain::layers::cuda {

class TuningFile {
 public:
  /// `what` names the file, what failed, and what follows from it.
  using Warn = std::function<void(const std::string& what)>;

  /// Reads what is there; a missing file is an empty one. Throws IoError naming it when it cannot be read.
  explicit TuningFile(std::filesystem::path path, Warn warn = {});

  [[nodiscard]] std::optional<Choice> find(const std::string& key) const;
  /// Adds the line, unless another process has meanwhile chosen for the key otherwise than `instead_of` (what
  /// find() said, if anything): then that stands. Answers what the file says now. One write under a lock: the
  /// line is there whole or, at worst, damaged. Once a line cannot be added (a full disk stops no training),
  /// `warn` is told, the file is left alone, and choices hold in this process only.
  Choice remember(const std::string& key, const Choice& choice, const std::optional<Choice>& instead_of);

 private:
  void take_lines(std::string_view text);
  Choice add(const std::string& key, const Choice& choice, const std::optional<Choice>& instead_of);

  std::filesystem::path path_;
  Warn warn_;
  bool left_alone_ = false;
  std::map<std::string, Choice> choices_;
};

}  // namespace octrain::layers::cuda
