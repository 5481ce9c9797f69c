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
};

class TrainReport {
 public:
  explicit TrainReport(RunFacts facts) : facts_(std::move(facts)) {}
  void add(const runtime::IterationRecord& record);
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
  struct Row {
    std::uint64_t iteration = 0;
    float loss_scale = 1;
    bool overflow = false;
    double loss = 0, seconds = 0, images_per_second = 0, stall_seconds = 0, recompute_seconds = 0;
    runtime::MemoryCounters memory;
  };
  [[nodiscard]] double median_seconds() const;
  [[nodiscard]] std::string summary() const;

  RunFacts facts_;
  std::vector<Row> rows_;
  std::size_t planned_after_ = 0;  // rows under another plan than the last, 0: none
  std::optional<runtime::TestRecord> test_;
};

}  // namespace octrain::apps
