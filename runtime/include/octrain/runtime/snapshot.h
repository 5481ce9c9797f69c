// Snapshots of a training: parameters, optimizer states and where it stood, from which it goes on bit for bit
// (docs/snapshot.md).
//
// A snapshot is in canonical order, so that it outlives changes of layout, slab, plan, mode and backend. It
// appears under its name only when it is whole and on the disk; whatever happens in between, the file that
// had the name before stays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "octrain/runtime/loss_scale.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/program.h"

namespace octrain::runtime {

struct SnapshotParameter {
  std::string name;
  std::vector<std::int64_t> dims;
  bool has_states = false;  ///< false: running statistics, which no optimizer touches
  [[nodiscard]] std::uint64_t elements() const;
};

struct SnapshotHeader {
  std::string net;
  std::uint64_t iteration = 0;  ///< iterations done
  std::uint64_t seed = 0;
  std::optional<LossScaleState> loss_scale;  ///< of a training whose scale follows its gradients
  std::vector<std::string> state_names;      ///< "momentum"; "m", "v"
  std::vector<SnapshotParameter> parameters;
};

/// The table of `program`'s parameters; net, iteration and seed are left to the caller.
[[nodiscard]] SnapshotHeader describe(const Program& program);

/// Writes the parameters and states that lie in `memory`; throws IoError.
void save_snapshot(const std::filesystem::path& path, const SnapshotHeader& header, const Program& program,
                   MemorySpace& memory);

/// Opens and checks header, sizes and the table of checksums; throws BadInput saying which part is damaged.
class SnapshotReader {
 public:
  explicit SnapshotReader(std::filesystem::path path);
  [[nodiscard]] const SnapshotHeader& header() const { return header_; }
  /// The values of a parameter (section 0) or of its optimizer state section - 1, canonical order. Throws
  /// BadInput when the bytes do not match their checksum.
  void read(std::size_t parameter, std::size_t section, std::span<float> to);
  /// Reads every section.
  void verify();

 private:
  [[noreturn]] void fail(const std::string& why) const;
  std::string read_bytes(std::uint64_t size, const char* what);
  std::string read_header(std::uint64_t file_bytes);  ///< returns its checksum
  void read_table(std::uint64_t file_bytes, const std::string& header_checksum);

  std::filesystem::path path_;
  std::ifstream file_;
  SnapshotHeader header_;
  std::uint64_t table_offset_ = 0;
  std::vector<std::vector<std::uint64_t>> offsets_;    ///< [parameter][section]
  std::vector<std::vector<std::uint64_t>> checksums_;  ///< [parameter][section]
};

enum class LoadWhat {
  everything,  ///< to go on: solver and states must be the program's
  parameters,  ///< to test or to fine-tune; states are left alone
};
/// Checks names and dims against the program, then writes the contents to `memory`.
void load_snapshot(SnapshotReader& reader, const Program& program, MemorySpace& memory, LoadWhat what);

/// "<prefix>_iter_<iteration>.octsnap".
[[nodiscard]] std::filesystem::path snapshot_path(const std::string& prefix, std::uint64_t iteration);
/// The whole, valid snapshot of the prefix with the highest iteration. Damaged ones are skipped; `warn` is
/// told why.
[[nodiscard]] std::optional<std::filesystem::path> latest_snapshot(
    const std::string& prefix, const std::function<void(const std::string&)>& warn = {});
/// Removes the snapshots of the prefix before `iteration`, but for the `keep` latest of them. Later ones are
/// another training's.
void prune_snapshots(const std::string& prefix, std::uint64_t iteration, std::size_t keep);

}  // namespace octrain::runtime
