// Runs the built octrain as a user would: arguments in; exit code, stdout and stderr out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace octrain::testing {

struct Outcome {
  int exit_code = -1;  ///< 128 + signal when a signal ended it
  std::string out, err;
  /// stdout as JSON (of `--json -`); throws when it is none.
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
  /// The last line of stderr.
  [[nodiscard]] std::string error_line() const;
};

using Arguments = std::vector<std::string>;

[[nodiscard]] inline Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// `launcher` is a program that is to start octrain (with its arguments after it).
[[nodiscard]] Outcome run_octrain(const Arguments& arguments, const std::string& launcher = {});

/// On a terminal so many columns wide, with these variables set ("NAME=VALUE"). `out` has both streams, as
/// they came to the screen.
[[nodiscard]] Outcome run_octrain_on_terminal(const Arguments& arguments, unsigned columns,
                                              const std::vector<std::string>& environment);

/// octrain beside the test.
class RunningOctrain {
 public:
  explicit RunningOctrain(const Arguments& arguments, const std::string& launcher = {});
  ~RunningOctrain();
  RunningOctrain(const RunningOctrain&) = delete;
  RunningOctrain& operator=(const RunningOctrain&) = delete;
  void signal(int number) const;
  /// False after `limit`, or when octrain ended without it.
  [[nodiscard]] bool wait_until(const std::function<bool()>& happened, std::chrono::seconds limit) const;
  [[nodiscard]] Outcome wait();

 private:
  std::filesystem::path out_, err_;
  pid_t pid_ = -1;
};

/// A directory of its own for each test, on a disk, gone afterwards.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::vector<double> losses(const nlohmann::json& train_result);

/// The iteration of the latest snapshot PREFIX_iter_N.octsnap; 0 when there is none.
[[nodiscard]] std::uint64_t last_snapshot(const std::filesystem::path& prefix);

/// Is userfaultfd there? Managed modes are skipped where it is not, and say so.
[[nodiscard]] bool managed_memory_works();

}  // namespace octrain::testing
