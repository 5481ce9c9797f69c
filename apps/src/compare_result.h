// What the cells of a comparison came to.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "compare_grid.h"

namespace octrain::apps {

/// The warm iterations of a cell's runs: those under the last plan, without each run's first, in which pages
/// are touched for the first time. Bytes are the most that any of them moved.
struct Measured {
  std::string plan;    ///< who made it: "lookahead", "g10+cost"; "none"
  double seconds = 0;  ///< median
  double spread = 0;   ///< half the distance between the quartiles, as a share of the median
  double images_per_second = 0;
  double oversubscription = 0;  ///< footprint over device memory
  std::uint64_t device_memory_bytes = 0, peak_bytes = 0, in_bytes = 0, out_bytes = 0;
  std::optional<std::uint64_t> faulted_bytes, evicted_bytes;  ///< none: nobody measured it
  double stall_share = 0;                                     ///< of the seconds, waited for transfers
  std::optional<double> predicted;                            ///< by the simulator, over `seconds`
  std::vector<double> losses;  ///< of the first run, in the order of iterations
};

struct CompareResult {
  CompareCell cell;
  std::vector<nlohmann::ordered_json> runs;  ///< what `octrain train --json` told, a run each
  std::string reason;                        ///< why there is none, or no more
  [[nodiscard]] bool ran() const { return !runs.empty(); }
};

/// Of a cell that ran. Throws BadInput for JSON that is no training's.
[[nodiscard]] Measured measured(const CompareResult& result);

struct CompareRow {
  CompareCell cell;
  std::optional<Measured> measured;
  std::string reason;
  std::optional<double> of_in_core, of_naive;  ///< its speed over that of the same batch (and memory)
  /// "compute", "link" or "faults": what its time is spent on, so far as it is slower than in core; "unknown"
  /// where faults are not measured.
  std::string bound_by;
  bool same_losses = true;  ///< to the last bit, as the first cell of the batch that ran, in every run
};

[[nodiscard]] std::vector<CompareRow> rows_of(const std::vector<CompareResult>& results);

/// The head, and a row a cell, for people.
[[nodiscard]] std::vector<std::vector<std::string>> table_of(const std::vector<CompareRow>& rows);

enum class CompareFormat { text, markdown, csv, json };
[[nodiscard]] std::string format_rows(const std::string& model, const std::vector<CompareRow>& rows,
                                      CompareFormat format);

}  // namespace octrain::apps
