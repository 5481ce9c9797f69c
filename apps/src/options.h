// What the command line says, grouped by what it is about; subcommands share the groups.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/solver.h"
#include "planning.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace octrain::apps {

/// fp32 is the default; the others are the CUDA backend's.
enum class Precision { fp32, tf32, fp16, bf16 };
[[nodiscard]] std::string_view to_string(Precision precision);

/// How numbers are stored and multiplied.
struct ArithmeticOptions {
  Precision precision = Precision::fp32;
  bool fast_nondeterministic = false;
  /// fp16: by how much losses are multiplied; none: it follows the gradients.
  std::optional<float> loss_scale;
  bool loss_scale_given = false;
  /// The first of them that is not the host backend's to do; null if there is none.
  [[nodiscard]] const char* beyond_host() const {
    if (precision != Precision::fp32) return "--precision other than fp32";
    return fast_nondeterministic ? "--fast-nondeterministic" : nullptr;
  }
};

/// Which network, on what.
struct WorkloadOptions {
  std::string model;
  std::int64_t batch = 0;
  std::string data = "synthetic";
  std::optional<int> classes;
  std::optional<int> image_size;
  int crop_margin = 0;
  bool mirror = false;
  std::uint64_t seed = 1;
  int accumulate = 1;
  int threads = 0;  ///< 0: all
  std::string backend = "auto";
  ArithmeticOptions arithmetic;
};

enum class Mode { incore, um_naive, um, explicit_copy };
[[nodiscard]] std::string_view to_string(Mode mode);

enum class TierChoice { automatic, ram, file };
enum class PageMover { automatic, move, copy };

/// In what memory.
struct MemoryOptions {
  Mode mode = Mode::um;
  PlanChoice plan;
  std::optional<std::uint64_t> device_bytes;
  std::optional<double> device_share;  ///< of the footprint, instead of bytes
  TierChoice tier = TierChoice::automatic;
  std::filesystem::path tier_dir;
  std::optional<runtime::host::LinkPace> link;
  PageMover page_mover = PageMover::automatic;
};

/// By which rule. What is not given follows the model (recipe.h).
struct SolverOptions {
  runtime::SolverSpec::Kind kind = runtime::SolverSpec::Kind::sgd;
  runtime::LearningRate rate;
  std::optional<float> base_rate, momentum, weight_decay;
};

enum class LogFormat { jsonl, caffe };

struct LogOptions {
  std::string file;  ///< empty: none
  LogFormat format = LogFormat::jsonl;
};

struct TrainOptions {
  WorkloadOptions workload;
  MemoryOptions memory;
  SolverOptions solver;
  std::optional<std::uint64_t> iterations, epochs;
  std::optional<bool> test;
  std::uint64_t test_interval = 0;
  std::string snapshot_prefix;
  std::uint64_t snapshot_interval = 0;
  std::string resume;
  std::string json;
  std::string trace;
  std::uint64_t trace_iterations = 3;
  std::string report;
  LogOptions log;
  [[nodiscard]] bool data_is_real() const { return workload.data != "synthetic"; }
};

/// `required`: --model and --batch must be given.
void add_workload_options(CLI::App& command, WorkloadOptions& options, bool required);
/// Those that change what is run, not what is planned: data, threads, backend, augmentation, arithmetic.
void add_data_options(CLI::App& command, WorkloadOptions& options);
void add_memory_options(CLI::App& command, MemoryOptions& options);
void add_solver_options(CLI::App& command, SolverOptions& options);
void add_log_options(CLI::App& command, LogOptions& options);
/// An option whose value is a size of at least one byte.
CLI::Option* add_size_option(CLI::App& command, const std::string& name, std::optional<std::uint64_t>& bytes,
                             const std::string& help);
/// --device-memory alone.
CLI::Option* add_device_memory_option(CLI::App& command, std::optional<std::uint64_t>& bytes,
                                      const char* help);

}  // namespace octrain::apps
