// octrain compare: the same training in several modes, memories and policies, each in a process of its own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "child_process.h"
#include "commands.h"
#include "compare_grid.h"
#include "compare_report.h"
#include "compare_result.h"
#include "compare_runs.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/interrupt.h"
#include "octrain/runtime/units.h"
#include "output.h"
#include "progress.h"

namespace octrain::apps {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kExitLossesDiffer = 1;
constexpr const char* kThisProgram = "/proc/self/exe";

const std::map<std::string, CompareFormat> kFormats = {{"table", CompareFormat::text},
                                                       {"md", CompareFormat::markdown},
                                                       {"csv", CompareFormat::csv},
                                                       {"json", CompareFormat::json}};

struct CompareOptions {
  std::string model, resume, report;
  CompareGrid grid;
  std::uint64_t iterations = 8, rounds = 1;
  CompareFormat format = CompareFormat::text;
  std::string recompute;
  std::vector<std::string> policy_options;
  std::vector<std::string> others;  ///< options of train, for every cell
};

/// What the program said last of an error ("octrain: …"); who was killed said nothing of it.
std::string reason_of(const Ended& ended) {
  const std::string prefix = "octrain: ";
  const std::size_t found = ended.err.rfind('\n' + prefix);
  const bool first = found == std::string::npos && ended.err.starts_with(prefix);
  if (found == std::string::npos && !first)
    return ended.exit_code > 128 ? fmt::format("ended by signal {}", ended.exit_code - 128) : "no message";
  const std::size_t start = (first ? 0 : found + 1) + prefix.size();
  return ended.err.substr(start, ended.err.find_first_of("\r\n", start) - start);
}

class Comparison {
 public:
  explicit Comparison(const CompareOptions& options) : options_(options), runs_(options.resume) {
    for (CompareCell& cell : cells_of(options.grid)) results_.push_back({std::move(cell), {}, {}});
    if (!options.report.empty()) report_.emplace(options.report);
  }

  /// All rounds, interleaved; until an interrupt.
  void run() {
    for (std::uint64_t round = 0; round < options_.rounds; ++round) {
      for (CompareResult& result : results_) {
        if (!result.reason.empty() || runtime::pending_interrupt() != 0) continue;
        add_run(result, round);
      }
    }
  }

  /// Of the last cell that could not run.
  [[nodiscard]] int failed_with() const { return failed_with_; }

  /// Those that an interrupt came before have neither runs nor a reason.
  [[nodiscard]] std::vector<CompareRow> rows() const {
    std::vector<CompareResult> begun;
    std::copy_if(results_.begin(), results_.end(), std::back_inserter(begun),
                 [](const CompareResult& result) { return result.ran() || !result.reason.empty(); });
    return rows_of(begun);
  }

  void write_report(const std::vector<CompareRow>& rows) {
    if (report_) report_->write(options_.model, rows);
  }

 private:
  [[nodiscard]] std::vector<std::string> arguments(const CompareCell& cell) const {
    std::vector<std::string> all{"train", "--model", options_.model};
    const std::vector<std::string> of_cell = cell.arguments();
    all.insert(all.end(), of_cell.begin(), of_cell.end());
    all.insert(all.end(), {"--iterations", fmt::format("{}", options_.iterations), "--json", "-"});
    if (cell.makes_plans()) {
      if (!options_.recompute.empty()) all.insert(all.end(), {"--recompute", options_.recompute});
      for (const std::string& option : options_.policy_options)
        all.insert(all.end(), {"--policy-option", option});
    }
    all.insert(all.end(), options_.others.begin(), options_.others.end());
    return all;
  }

  void add_run(CompareResult& result, std::uint64_t round) {
    const std::vector<std::string> command = arguments(result.cell);
    const std::string name = fmt::format("{} round {}", fmt::join(command, " "), round);
    if (const nlohmann::ordered_json* known = runs_.find(name)) {
      result.runs.push_back(*known);
      ++known_;
      return;
    }
    tell(result.cell);
    const bool records = report_ && result.runs.empty();  // of several rounds the first
    std::vector<std::string> with_report = command;
    if (records) with_report.insert(with_report.end(), {"--report", report_->data_file()});
    const Ended ended = run_to_end(kThisProgram, with_report);
    ++finished_;
    if (ended.interrupted) return;
    // Most likely a wrong option, for every cell.
    if (ended.exit_code == runtime::kExitUsage && finished_ == 1) throw runtime::UsageError(reason_of(ended));
    if (ended.exit_code != 0) {
      failed_with_ = ended.exit_code;
      result.reason = fmt::format("{} (exit status {})", reason_of(ended), ended.exit_code);
      return;
    }
    result.runs.push_back(nlohmann::ordered_json::parse(ended.out, nullptr, false));
    static_cast<void>(measured(result));  // throws for what is no training's, which is not kept
    runs_.add(name, result.runs.back());
    if (records) report_->add(result.cell, "octrain " + shell_command(command));
  }

  void tell(const CompareCell& cell) {
    const auto count = static_cast<double>(options_.rounds * results_.size());
    const auto place = finished_ + known_;
    std::string line = fmt::format("{} of {:.0f}: {}", place + 1, count, cell.name());
    if (finished_ > 0) {
      const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
      line +=
          fmt::format(", about {} left", runtime::format_duration(elapsed / static_cast<double>(finished_) *
                                                                  (count - static_cast<double>(place))));
    }
    progress_.note(line);
  }

  const CompareOptions& options_;
  CompareRuns runs_;
  std::vector<CompareResult> results_;
  std::optional<CompareReport> report_;
  ProgressLine progress_;
  const Clock::time_point start_ = Clock::now();
  std::uint64_t finished_ = 0, known_ = 0;
  int failed_with_ = 0;
};

int compare(const CompareOptions& options) {
  start_logging();
  Comparison comparison(options);
  const runtime::InterruptGuard guard;
  comparison.run();
  const std::vector<CompareRow> rows = comparison.rows();
  std::cout << format_rows(options.model, rows, options.format) << std::flush;
  comparison.write_report(rows);
  if (const int signal = runtime::pending_interrupt()) return 128 + signal;
  if (std::none_of(rows.begin(), rows.end(), [](const CompareRow& row) { return row.measured.has_value(); }))
    return comparison.failed_with();
  const bool all_same =
      std::all_of(rows.begin(), rows.end(), [](const CompareRow& row) { return row.same_losses; });
  return all_same ? 0 : kExitLossesDiffer;
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare",
                                         "Train in several modes, memories and by several policies, each in "
                                         "a process of its own; other options are "
                                         "those of train, for all of them");
  command->allow_extras();
  command->add_option("--model", options->model, "A network of the zoo")->required();
  command
      ->add_option("--batch", options->grid.batches,
                   "Images of one batch: 64,128 or 64..512 (doubling) or 64..256+64")
      ->required()
      ->type_name("LIST");
  command->add_option("--modes", options->grid.modes, "Of incore, um-naive, um, explicit")
      ->type_name("LIST")
      ->capture_default_str();
  command
      ->add_option("--device-memory", options->grid.device_memory,
                   "Sizes, or shares of the footprint: 8GiB,4GiB or 25%..100% (doubling); not of incore")
      ->type_name("LIST");
  command->add_option("--policy", options->grid.policies, "Of um and explicit (default: auto)")
      ->type_name("LIST");
  command->add_option("--recompute", options->recompute, "Of um and explicit, as of train")
      ->type_name("METHOD");
  command->add_option("--policy-option", options->policy_options, "Of um and explicit, as of train")
      ->type_name("NAME=VALUE");
  command
      ->add_option("--iterations", options->iterations, "Of each run; those under its last plan are measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "Runs of each, interleaved")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--resume", options->resume,
                   "Keeps finished runs in this file, and runs none again that it has")
      ->type_name("FILE");
  command
      ->add_option("--report", options->report,
                   "A page: a recorded iteration of each, all on one axis, and speed over oversubscription")
      ->type_name("FILE.html");
  command
      ->add_option_function<std::string>(
          "--output", [options](const std::string& name) { options->format = kFormats.at(name); },
          "What is printed (default table)")
      ->check(CLI::IsMember({"table", "md", "csv", "json"}))
      ->type_name("table|md|csv|json");
  command->callback([options, command, &exit_code] {
    options->others = command->remaining();
    for (const char* of_one : {"--json", "--log", "--trace"}) {
      if (std::any_of(options->others.begin(), options->others.end(),
                      [&](const std::string& word) { return word.starts_with(of_one); }))
        throw runtime::UsageError(fmt::format("{} is of one training; leave it out", of_one));
    }
    exit_code = compare(*options);
  });
}

}  // namespace octrain::apps
