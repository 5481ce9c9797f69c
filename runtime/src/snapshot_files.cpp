// Which snapshots there are, and what of them goes into a program's memory.
#include <algorithm>
#include <charconv>

#include "octrain/runtime/error.h"
#include "octrain/runtime/snapshot.h"
#include "parameter_store.h"

namespace octrain::runtime {
namespace {

constexpr std::string_view kInfix = "_iter_", kSuffix = ".octsnap";

struct Found {
  std::uint64_t iteration = 0;
  std::filesystem::path path;
};

std::optional<std::uint64_t> iteration_of(std::string_view file, std::string_view stem) {
  if (!file.starts_with(stem) || !file.ends_with(kSuffix)) return {};
  file.remove_prefix(stem.size());
  if (!file.starts_with(kInfix) || file.size() <= kInfix.size() + kSuffix.size()) return {};
  file.remove_prefix(kInfix.size());
  file.remove_suffix(kSuffix.size());
  std::uint64_t iteration = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), iteration);
  if (error != std::errc{} || end != file.data() + file.size()) return {};
  return iteration;
}

/// Latest first.
std::vector<Found> find_snapshots(const std::string& prefix) {
  const std::filesystem::path path(prefix);
  const std::string stem = path.filename().string();
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::vector<Found> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (const auto iteration = iteration_of(entry.path().filename().string(), stem))
      found.push_back({*iteration, snapshot_path(prefix, *iteration)});
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.iteration > b.iteration; });
  return found;
}

std::string dims_text(std::span<const std::int64_t> dims) {
  std::string text;
  for (const std::int64_t dim : dims) {
    if (!text.empty()) text += 'x';
    text += std::to_string(dim);
  }
  return text;
}

void check_match(const SnapshotHeader& header, const Program& program, LoadWhat what) {
  const std::string prefix = "the snapshot of " + header.net + " is another net's: ";
  if (header.parameters.size() != program.parameters.size())
    throw BadInput(prefix + "it has " + std::to_string(header.parameters.size()) + " parameters, expected " +
                   std::to_string(program.parameters.size()));
  for (std::size_t p = 0; p < program.parameters.size(); ++p) {
    const Parameter& wanted = program.parameters[p];
    const SnapshotParameter& stored = header.parameters[p];
    if (stored.name != wanted.name || stored.dims != wanted.dims ||
        stored.elements() != element_count(wanted))
      throw BadInput(prefix + "it has " + stored.name + " (" + dims_text(stored.dims) + "), expected " +
                     wanted.name + " (" + dims_text(wanted.dims) + ")");
    if (what == LoadWhat::everything && stored.has_states != (section_count(wanted) > 1))
      throw BadInput(prefix + stored.name + " does not learn in both");
  }
  if (what == LoadWhat::everything && header.state_names != program.state_names)
    throw UsageError("the snapshot of " + header.net +
                     " was made with another solver; resume with that one, or load its weights only");
}

}  // namespace

void load_snapshot(SnapshotReader& reader, const Program& program, MemorySpace& memory, LoadWhat what) {
  check_match(reader.header(), program, what);
  std::vector<float> values;
  for (std::size_t p = 0; p < program.parameters.size(); ++p) {
    const Parameter& parameter = program.parameters[p];
    values.resize(element_count(parameter));
    const Section sections = what == LoadWhat::everything ? section_count(parameter) : 1;
    for (Section section = 0; section < sections; ++section) {
      reader.read(p, section, values);
      write_section(memory, parameter, section, values);
    }
  }
}

std::filesystem::path snapshot_path(const std::string& prefix, std::uint64_t iteration) {
  return prefix + std::string(kInfix) + std::to_string(iteration) + std::string(kSuffix);
}

std::optional<std::filesystem::path> latest_snapshot(const std::string& prefix,
                                                     const std::function<void(const std::string&)>& warn) {
  for (const Found& found : find_snapshots(prefix)) try {
      SnapshotReader(found.path).verify();
      return found.path;
    } catch (const Error& error) {
      if (warn) warn(std::string("skipped a damaged snapshot: ") + error.what());
    }
  return {};
}

void prune_snapshots(const std::string& prefix, std::uint64_t iteration, std::size_t keep) {
  std::size_t kept = 0;
  std::error_code ignored;  // a snapshot too many does no harm
  for (const Found& found : find_snapshots(prefix))
    if (found.iteration < iteration && ++kept > keep) std::filesystem::remove(found.path, ignored);
}

}  // namespace octrain::runtime
