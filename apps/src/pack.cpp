// octrain pack: offsets for buffers with known lifetimes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "octrain/advisor/packing.h"
#include "octrain/runtime/error.h"
#include "options.h"
#include "output.h"
#include "planning.h"

namespace octrain::apps {

namespace {

struct PackOptions {
  std::string input, output, json;
  std::string algorithm = "auto";
  std::optional<std::uint64_t> capacity_bytes;
};

struct Packing {
  advisor::PackingProblem problem;
  advisor::PackingSolution solution;
  std::uint64_t lower_bound_bytes = 0;
  [[nodiscard]] std::uint64_t shortfall_bytes() const {
    return solution.height_bytes - std::min(solution.height_bytes, problem.capacity_bytes);
  }
  [[nodiscard]] double ratio() const {
    return lower_bound_bytes == 0
               ? 1.0
               : static_cast<double>(solution.height_bytes) / static_cast<double>(lower_bound_bytes);
  }
};

const advisor::PackingAlgorithm& algorithm_named(const std::string& name) {
  if (const advisor::PackingAlgorithm* algorithm = advisor::find_packing_algorithm(name)) return *algorithm;
  std::string names;
  for (const advisor::PackingAlgorithm& algorithm : advisor::packing_algorithms()) {
    names += (names.empty() ? "" : ", ") + std::string(algorithm.name);
  }
  throw runtime::UsageError(fmt::format("there is no packing algorithm '{}'; there are {}", name, names));
}

std::string text_of(const PackOptions& options, const Packing& packing) {
  return fmt::format(
      "{} buffers  algorithm {}\nheight {} of {}  lower bound {}  ratio {:.4f}  {}\n",
      packing.problem.buffers.size(), options.algorithm, packing.solution.height_bytes,
      packing.problem.capacity_bytes, packing.lower_bound_bytes, packing.ratio(),
      packing.solution.proven ? "proven: nothing lower exists" : "not proven to be the lowest");
}

nlohmann::ordered_json json_of(const PackOptions& options, const Packing& packing) {
  return {{"input", options.input},
          {"algorithm", options.algorithm},
          {"buffers", packing.problem.buffers.size()},
          {"capacity_bytes", packing.problem.capacity_bytes},
          {"height_bytes", packing.solution.height_bytes},
          {"lower_bound_bytes", packing.lower_bound_bytes},
          {"ratio", packing.ratio()},
          {"proven", packing.solution.proven},
          {"fits", packing.shortfall_bytes() == 0},
          {"shortfall_bytes", packing.shortfall_bytes()}};
}

[[noreturn]] void refuse(const PackOptions& options, const Packing& packing) {
  const std::uint64_t capacity = packing.problem.capacity_bytes, height = packing.solution.height_bytes;
  if (packing.lower_bound_bytes > capacity) {
    throw runtime::OutOfDeviceMemory(fmt::format("{}: no packing fits into {} bytes: {} are alive at once",
                                                 options.input, capacity, packing.lower_bound_bytes),
                                     packing.lower_bound_bytes - capacity);
  }
  const std::string who =
      packing.solution.proven ? "no packing fits" : options.algorithm + " finds no packing that fits";
  throw runtime::OutOfDeviceMemory(
      fmt::format("{}: {} into {} bytes: the lowest is {} high", options.input, who, capacity, height),
      height - capacity);
}

int pack(const PackOptions& options) {
  if (options.output == "-" && options.json == "-") {
    throw runtime::UsageError("--output - and --json -: only one of them can be stdout");
  }
  const advisor::PackingAlgorithm& algorithm = algorithm_named(options.algorithm);
  Packing packing;
  packing.problem = load_packing(options.input);
  packing.problem.capacity_bytes = *options.capacity_bytes;
  packing.solution = algorithm.pack(packing.problem, advisor::kThoroughSteps);
  packing.lower_bound_bytes = advisor::lower_bound(packing.problem);
  if (options.output != "-" && options.json != "-") write_text("-", text_of(options, packing));
  if (!options.json.empty()) write_json(options.json, json_of(options, packing));
  if (packing.shortfall_bytes() > 0) refuse(options, packing);
  if (const auto defect = advisor::check_packing(packing.problem, packing.solution)) {
    throw runtime::InvalidPlan(
        fmt::format("the packing of {} is not valid: {}", options.algorithm, defect->message));
  }
  save_packing(options.output, packing.problem, packing.solution);
  return 0;
}

}  // namespace

void add_pack_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("pack", "Offsets for buffers with known lifetimes");
  const auto options = std::make_shared<PackOptions>();
  command->add_option("--input", options->input, "Buffers as CSV: id,lower,upper,size")
      ->required()
      ->type_name("FILE.csv");
  add_size_option(*command, "--capacity", options->capacity_bytes, "Height that is low enough")->required();
  command->add_option("--output", options->output, "The same with a column offset; - is stdout")
      ->required()
      ->type_name("FILE.csv");
  command
      ->add_option("--algorithm", options->algorithm, "auto, first-fit, smartpool, profile-guided or exact")
      ->capture_default_str();
  command->add_option("--json", options->json, "Results as JSON; - is stdout")->type_name("FILE|-");
  command->callback([options, &exit_code] { exit_code = pack(*options); });
}

}  // namespace octrain::apps
