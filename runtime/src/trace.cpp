#include "octrain/runtime/trace.h"

#include <utility>

#include "atomic_file.h"
#include "octrain/runtime/error.h"
#include "trace_events.h"

namespace octrain::runtime {
namespace {

std::unique_ptr<AtomicFile> open_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw UsageError(path.string() + " is a directory: the trace needs a file's name");
  return std::make_unique<AtomicFile>(path);
}

}  // namespace

Trace::Trace(std::uint64_t iterations) : wanted_(iterations), written_(0) {}

Trace::Trace(const std::filesystem::path& path, std::uint64_t iterations)
    : wanted_(iterations), written_(iterations), file_(open_file(path)) {}

Trace::~Trace() = default;

void Trace::resume(MemorySpace& memory) {
  if (recording_) return;
  memory.record_transfers(&log_);
  recording_ = true;
  settled_ = true;
}

void Trace::pause(MemorySpace& memory) {
  if (!recording_) return;
  memory.quiesce();
  memory.record_transfers(nullptr);
  recording_ = false;
}

void Trace::add(std::uint64_t iteration, IterationMetrics& metrics, MemorySpace& memory) {
  iterations_.push_back({iteration, metrics.start_ns, metrics.end_ns, metrics.memory,
                         std::exchange(metrics.runs, {}), std::exchange(settled_, false)});
  if (!wants_more()) pause(memory);
}

void Trace::write(const advisor::Schedule& schedule, MemorySpace& memory) {
  pause(memory);
  write_trace_events(*file_, schedule, iterations_, written_, log_);
  file_->commit();
  file_.reset();
}

}  // namespace octrain::runtime
