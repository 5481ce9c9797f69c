#include "compare_runs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "octrain/runtime/error.h"
#include "output.h"

namespace octrain::apps {
namespace {

/// Of this build, on this machine.
std::string runner() {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("octrain {} of {}, on {}", OCTRAIN_VERSION,
                     std::filesystem::last_write_time(program).time_since_epoch().count(), host.data());
}

}  // namespace

CompareRuns::CompareRuns(std::string path) : path_(std::move(path)) {
  if (path_.empty() || !std::filesystem::exists(path_)) return;
  std::ifstream file(path_);
  const auto json = nlohmann::ordered_json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("runs") || !json["runs"].is_object())
    throw runtime::BadInput(path_ + ":1: not the file of a comparison; name another with --resume");
  if (json.value("runner", "") != runner())
    throw runtime::BadInput(path_ + ":1: runs of another build or machine; name another file with --resume");
  for (const auto& [name, run] : json["runs"].items()) runs_.emplace(name, run);
}

const nlohmann::ordered_json* CompareRuns::find(const std::string& name) const {
  const auto found = runs_.find(name);
  return found == runs_.end() ? nullptr : &found->second;
}

void CompareRuns::add(const std::string& name, const nlohmann::ordered_json& run) {
  if (path_.empty()) return;
  runs_[name] = run;
  nlohmann::ordered_json json = {{"runner", runner()}, {"runs", nlohmann::ordered_json::object()}};
  for (const auto& [key, value] : runs_) json["runs"][key] = value;
  write_json(path_, json);
}

}  // namespace octrain::apps
