// The host's kernels beside what this machine reaches at best: a training in core of each model, op by op.
//
// Usage: kernels [--models vgg16,resnet50,googlenet,alexnet] [--batch N] [--iterations N] [--slowest N]
// [--threads N] [--json FILE]. Exit codes: 0 done, 2 usage, 5 does not fit in RAM, others as octrain's.
//
// The peaks are bench/sgemm_peak's matrix product and the better of STREAM's copy and triad, measured before.
// "of peak" is the least time over the time measured: of each op its operations over the one or its operands'
// bytes over the other, whichever is longer; of a row the sum over its ops, and "bound by" is what makes up
// most of it. Operations are the direct algorithm's, so that Winograd may pass 100 %; so may what a cache
// still holds. Times are each op's least of the iterations after the first. That of Data is no kernel's: it
// waits for the thread that makes the images.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "octrain/layers/data_reader.h"
#include "octrain/layers/host/backend.h"
#include "octrain/layers/models.h"
#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/trainer.h"
#include "op_work.h"
#include "output.h"
#include "peaks.h"
#include "program.h"

namespace octrain::bench {
namespace {

struct Options {
  std::vector<std::string> models{"vgg16", "resnet50", "googlenet", "alexnet"};
  std::int64_t batch = 16;
  std::uint64_t iterations = 5;
  std::size_t slowest = 5;
  int threads = 0;
  std::string json;
};

/// One op, or all of a kind.
struct Row {
  std::string name;
  std::size_t ops = 0;
  double seconds = 0, flops = 0, bytes = 0;
  double least_seconds = 0, least_by_memory = 0;  ///< the second: what of the first memory bounds

  void add(const OpWork& work, double op_seconds, const Peaks& peaks) {
    const LeastTime least = least_time(work, peaks);
    ++ops;
    seconds += op_seconds;
    flops += work.flops;
    bytes += work.bytes;
    least_seconds += least.seconds;
    if (least.by_memory) least_by_memory += least.seconds;
  }
  [[nodiscard]] const char* bound_by() const {
    return 2 * least_by_memory > least_seconds ? "memory" : "sgemm";
  }
};

struct Result {
  std::string model;
  double seconds = 0;  ///< of all ops
  std::vector<Row> kinds, slowest;
};

std::unique_ptr<runtime::MemorySpace> plain_memory(const runtime::Program& program) {
  runtime::host::HostSpaceOptions options;
  options.kind = runtime::host::Kind::incore;
  for (const advisor::Op& op : program.train.schedule.ops)
    options.workspace_bytes = std::max(options.workspace_bytes, op.workspace_bytes);
  std::vector<std::uint64_t> bytes;
  for (const advisor::TensorInfo& tensor : program.train.schedule.tensors) bytes.push_back(tensor.bytes);
  return runtime::host::make_host_space(bytes, options);
}

/// Of each op, in seconds: the least, as the peaks are the best of several runs.
std::vector<double> time_ops(const runtime::Program& program, std::uint64_t iterations) {
  const auto memory = plain_memory(program);
  std::vector<double> seconds(program.train.schedule.ops.size(), std::numeric_limits<double>::infinity());
  runtime::TrainerEvents events;
  events.iteration = [&](const runtime::IterationRecord& record) {
    if (record.iteration == 0) return;  // touches every page for the first time
    for (std::size_t op = 0; op < seconds.size(); ++op)
      seconds[op] = std::min(seconds[op], 1e-9 * static_cast<double>(record.metrics.op_ns[op]));
  };
  runtime::TrainerOptions options;
  options.rate.base = 1e-4f;  // whatever the model, it does not diverge
  options.iterations = 1 + iterations;
  const advisor::Plan plan;
  runtime::Trainer trainer(program, plan, plan, *memory, options, events);
  trainer.initialize();
  trainer.run();
  return seconds;
}

void sort_slowest_first(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
}

Result measure(const std::string& model, const Options& options, layers::Backend& backend,
               const Peaks& peaks) {
  layers::ModelInput input = layers::find_model(model).native;
  input.batch = options.batch;
  const layers::ImageShape shape{static_cast<int>(input.channels), static_cast<int>(input.height),
                                 static_cast<int>(input.width)};
  layers::SyntheticSpec images;
  images.shape = shape;
  images.classes = input.classes;
  layers::ReaderOptions reading;
  reading.batch = options.batch;
  reading.output = shape;
  layers::DataReader reader(layers::make_synthetic(images), reading);
  const layers::NetSpec net = layers::build_model(model, input);
  layers::LoweringOptions lowering;
  lowering.data = &reader;
  const std::vector<OpWork> work = count_work(net, backend, lowering);
  const runtime::Program program = layers::lower(net, backend, lowering).program;
  const std::vector<double> seconds = time_ops(program, options.iterations);

  Result result;
  result.model = model;
  std::map<std::string, Row> kinds;
  for (std::size_t op = 0; op < work.size(); ++op) {
    kinds[work[op].kind].add(work[op], seconds[op], peaks);
    result.slowest.push_back({.name = program.train.schedule.ops[op].name});
    result.slowest.back().add(work[op], seconds[op], peaks);
    result.seconds += seconds[op];
  }
  for (auto& [kind, row] : kinds) {
    row.name = kind;
    result.kinds.push_back(std::move(row));
  }
  sort_slowest_first(result.kinds);
  sort_slowest_first(result.slowest);
  result.slowest.resize(std::min(result.slowest.size(), options.slowest));
  return result;
}

Row sum(const std::vector<Row>& rows) {
  Row total{.name = "all"};
  for (const Row& row : rows) {
    total.ops += row.ops;
    total.seconds += row.seconds;
    total.flops += row.flops;
    total.bytes += row.bytes;
    total.least_seconds += row.least_seconds;
    total.least_by_memory += row.least_by_memory;
  }
  return total;
}

std::string table_of(const Result& result) {
  apps::Table table({result.model, "ops", "ms", "of iteration", "GFLOP/s", "GB/s", "bound by", "of peak"});
  const auto add = [&](const Row& row) {
    const double ns = 1e9 * row.seconds;
    table.add({row.name, fmt::format("{}", row.ops), fmt::format("{:.2f}", 1e3 * row.seconds),
               fmt::format("{:.1f} %", 100 * row.seconds / result.seconds),
               row.flops > 0 ? fmt::format("{:.1f}", row.flops / ns) : "-",
               fmt::format("{:.1f}", row.bytes / ns), row.bound_by(),
               fmt::format("{:.0f} %", 100 * row.least_seconds / row.seconds)});
  };
  std::for_each(result.kinds.begin(), result.kinds.end(), add);
  add(sum(result.kinds));
  std::for_each(result.slowest.begin(), result.slowest.end(), add);
  return table.text();
}

nlohmann::ordered_json json_of(const std::vector<Row>& rows) {
  auto json = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    json.push_back({{"name", row.name},
                    {"ops", row.ops},
                    {"seconds", row.seconds},
                    {"flops", row.flops},
                    {"bytes", row.bytes},
                    {"bound_by", row.bound_by()},
                    {"of_peak", row.least_seconds / row.seconds}});
  }
  return json;
}

int run(const Options& options) {
  const auto backend = layers::make_host_backend(options.threads);
  const MemorySpeed memory = measure_memory();
  const Peaks peaks{sgemm_flops_per_s(), std::max(memory.copy_bytes_per_s, memory.triad_bytes_per_s)};
  print(fmt::format("peaks: sgemm {:.1f} GFLOP/s, memory {:.1f} GB/s (copy {:.1f}, triad {:.1f})\n",
                    1e-9 * peaks.flops_per_s, 1e-9 * peaks.bytes_per_s, 1e-9 * memory.copy_bytes_per_s,
                    1e-9 * memory.triad_bytes_per_s),
        options.json);
  auto models = nlohmann::ordered_json::array();
  for (const std::string& model : options.models) {
    const Result result = measure(model, options, *backend, peaks);
    print(fmt::format("\nbatch {}: {:.3f} s in the ops of an iteration\n{}", options.batch, result.seconds,
                      table_of(result)),
          options.json);
    models.push_back({{"model", model},
                      {"seconds", result.seconds},
                      {"kinds", json_of(result.kinds)},
                      {"slowest", json_of(result.slowest)}});
  }
  if (options.json.empty()) return 0;
  apps::write_json(options.json, {{"batch", options.batch},
                                  {"sgemm_flops_per_s", peaks.flops_per_s},
                                  {"copy_bytes_per_s", memory.copy_bytes_per_s},
                                  {"triad_bytes_per_s", memory.triad_bytes_per_s},
                                  {"models", std::move(models)}});
  return 0;
}

}  // namespace
}  // namespace octrain::bench

int main(int argc, char** argv) {
  octrain::bench::Options options;
  CLI::App app("The host's kernels beside the machine's sgemm and memory, op by op of a training.",
               "kernels");
  app.add_option("--models", options.models, "Of the zoo")->delimiter(',')->capture_default_str();
  app.add_option("--batch", options.batch, "Images")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--iterations", options.iterations, "That are measured, behind a first one")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--slowest", options.slowest, "Single ops to show")->capture_default_str();
  app.add_option("--threads", options.threads, "Compute threads (0: all)")->capture_default_str();
  app.add_option("--json", options.json, "The rows, too (- is stdout)")->type_name("FILE");
  return octrain::bench::run_program(app, argc, argv, [&] { return octrain::bench::run(options); });
}
