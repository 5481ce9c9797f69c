// The account of a training: what each iteration took, moved and faulted, as a table and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "octrain/runtime/trainer.h"
#include "planning.h"

namespace octrain::apps {

struct RunFacts {
  std::string model, mode, policy, recompute, share, backend, precision, tier;
  std::int64_t batch = 0;
  std::uint64_t seed = 0;
  std::uint64_t device_memory_bytes = 0, footprint_bytes = 0, arena_bytes = 0;
  std::optional<double> predicted_seconds;
  [[nodiscard]] double oversubscription() const {
    return static_cast<double>(footprint_bytes) / static_cast<double>(device_memory_bytes);
  }
  /// Gradients are scaled.
  [[nodiscard]] bool scaled() const { return precision == "fp16"; }
};

/// Of an iteration, what the results keep.
struct IterationRow {
  explicit IterationRow(const runtime::IterationRecord& record);
  std::uint64_t iteration;
  double loss;
  float learning_rate, loss_scale;
  bool overflow;
  double seconds, images_per_second, stall_seconds, recompute_seconds;
  runtime::MemoryCounters memory;
};

[[nodiscard]] nlohmann::ordered_json json_of(const RunFacts& facts);
/// `scaled`: with its loss scale.
[[nodiscard]] nlohmann::ordered_json json_of(const IterationRow& row, bool scaled);

class TrainReport {
 public:
  explicit TrainReport(RunFacts facts) : facts_(std::move(facts)) {}
  void add(const runtime::IterationRecord& record) { rows_.emplace_back(record); }
  /// Another plan from the next iteration on; its tensors take so many bytes, workspace included.
  void set_plan(const advisor::Advice& plan, std::uint64_t arena_bytes);
  void set_test(const runtime::TestRecord& record) { test_ = record; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] nlohmann::ordered_json json() const;
  /// What was run, in what memory, and what came of it: a name and a text each.
  [[nodiscard]] std::vector<std::vector<std::string>> facts() const;
  /// The head, then a row an iteration (of many, some spread evenly and the last).
  [[nodiscard]] std::vector<std::vector<std::string>> table() const;
  /// That table, then the summary.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] double median_seconds() const;
  [[nodiscard]] std::string summary() const;

  RunFacts facts_;
  std::vector<IterationRow> rows_;
  std::size_t planned_after_ = 0;  // rows under another plan than the last, 0: none
  std::optional<runtime::TestRecord> test_;
};

}  // namespace octrain::apps
