// What ops and transfers did over time, as a file that Perfetto and chrome://tracing show (docs/formats.md).
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "octrain/advisor/schedule.h"
#include "octrain/runtime/executor.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/transfer_log.h"

namespace octrain::runtime {

class AtomicFile;

/// Of one training's first iterations; kept in memory. Outlives the memory that it records.
class Trace {
 public:
  /// For who looks at iterations() and log().
  explicit Trace(std::uint64_t iterations);
  /// For write() as well. Throws UsageError for a directory, IoError for what cannot be written.
  Trace(const std::filesystem::path& path, std::uint64_t iterations);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// So many iterations at the least, of which those beyond the first ones are not written. Before training.
  void record_at_least(std::uint64_t iterations) { wanted_ = std::max(wanted_, iterations); }
  /// Whether there are iterations left that it wants.
  [[nodiscard]] bool wants_more() const { return iterations_.size() < wanted_; }
  /// From now on transfers are recorded.
  void resume(MemorySpace& memory);
  /// Waits for those under way; what comes then is no iteration's (tests, snapshots) and not recorded.
  void pause(MemorySpace& memory);
  /// What has just ended; takes IterationMetrics::runs. Pauses behind the last that it wants.
  void add(std::uint64_t iteration, IterationMetrics& metrics, MemorySpace& memory);

  /// Pauses, and writes what was recorded, with the names of the schedule's ops and tensors. Once. Throws
  /// IoError.
  void write(const advisor::Schedule& schedule, MemorySpace& memory);

  struct Iteration {
    std::uint64_t number = 0;
    std::uint64_t start_ns = 0, end_ns = 0;
    MemoryCounters memory;
    std::vector<OpRun> runs;
    /// Began with nothing resident: the first, and what follows a test, a snapshot or a change of plans.
    bool settled = false;
  };
  [[nodiscard]] const std::vector<Iteration>& iterations() const { return iterations_; }
  /// After pause().
  [[nodiscard]] const TransferLog& log() const { return log_; }

 private:
  std::uint64_t wanted_, written_;
  std::unique_ptr<AtomicFile> file_;
  TransferLog log_;
  bool recording_ = false, settled_ = false;
  std::vector<Iteration> iterations_;
};

}  // namespace octrain::runtime
