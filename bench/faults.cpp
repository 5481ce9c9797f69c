// Demand faults of the host's managed memory: latency, and what they bring in beside hints for the same
// bytes, by tier and by size of tensor; and what a fault would cost if blocks were not of 2 MiB.
//
// Usage: faults [--sizes 64KiB,2MiB,64MiB] [--bytes SIZE] [--rounds N] [--link 12GB/s,10us]
// [--tiers ram,link,file,copy] [--tier-dir DIR] [--block-faults N] [--json FILE]. Exit codes: 0 done, 1
// contents were wrong or moved otherwise, 2 usage, 4 no userfaultfd or no disk, 5 too little room.
//
// The space moves blocks of 2 MiB, and every tensor starts at one: of a smaller tensor the rest of the block
// comes along. GB/s are of tensors' own bytes. One thread touches each block once, in order. read: clean
// blocks come, there is room; write: they become dirty; full: for each that comes one must leave, which the
// tier has (clean) or must take (dirty). Tiers: ram hands pages over, so that nothing is copied; link is the
// same at the pace of --link; file is a disk; copy is ram where pages are copied into place (UFFDIO_COPY).
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "fault_blocks.h"
#include "fault_space.h"
#include "octrain/runtime/units.h"
#include "output.h"
#include "program.h"

namespace octrain::bench {
namespace {

namespace host = runtime::host;
using runtime::kKiB;
using runtime::kMiB;

struct Options {
  std::vector<std::string> tiers{"ram", "link", "file", "copy"};
  std::vector<std::uint64_t> sizes{64 * kKiB, 2 * kMiB, 64 * kMiB};
  std::uint64_t half_bytes = 256 * kMiB;
  int rounds = 3;
  host::LinkPace link{12e9, 10'000};
  std::filesystem::path tier_dir;  ///< empty: as octrain chooses
  std::size_t block_faults = 256;
  std::string json;
};

struct Access {
  const char* name;
  bool writes, evicts;
};
constexpr std::array<Access, 4> kAccesses = {{{"read", false, false},
                                              {"write", true, false},
                                              {"read, full of clean", false, true},
                                              {"write, full of dirty", true, true}}};

host::HostSpaceOptions space_of(const std::string& tier, const Options& options) {
  host::HostSpaceOptions space;
  if (tier == "link") space.link = options.link;
  if (tier == "file") {
    space.tier = host::TierKind::file;
    space.tier_dir = options.tier_dir.empty() ? host::default_tier_dir() : options.tier_dir;
  }
  space.force_copy = tier == "copy";
  return space;
}

/// One measurement: for the table and for the JSON file.
struct Report {
  apps::Table table{{"tier", "access", "tensors", "faults", "median us", "p99 us", "GB/s by faults",
                     "by hints", "hints over faults"}};
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  bool right = true;

  void add(const std::string& tier, const Access& access, std::uint64_t tensor_bytes,
           const FaultResult& result, int rounds) {
    const auto bytes = static_cast<double>(result.tensors * tensor_bytes) * rounds;
    const double by_faults = bytes / result.faults.seconds(), by_hints = bytes / result.hint_seconds;
    const double median = result.faults.quantile_us(0.5), p99 = result.faults.quantile_us(0.99);
    table.add({tier, access.name, runtime::format_bytes(tensor_bytes),
               fmt::format("{}", result.faults.count()), fmt::format("{:.1f}", median),
               fmt::format("{:.1f}", p99), fmt::format("{:.2f}", 1e-9 * by_faults),
               fmt::format("{:.2f}", 1e-9 * by_hints),
               fmt::format("{:.2f}{}", by_hints / by_faults, result.right ? "" : "  WRONG")});
    json.push_back({{"tier", tier},
                    {"access", access.name},
                    {"tensor_bytes", tensor_bytes},
                    {"faults", result.faults.count()},
                    {"median_us", median},
                    {"p99_us", p99},
                    {"fault_bytes_per_s", by_faults},
                    {"hint_bytes_per_s", by_hints},
                    {"right", result.right}});
    right = right && result.right;
  }
};

Report measure_spaces(const Options& options) {
  Report report;
  for (const std::string& tier : options.tiers) {
    for (const Access& access : kAccesses) {
      for (const std::uint64_t bytes : options.sizes) {
        const FaultCase of{space_of(tier, options), bytes, options.half_bytes, access.writes, access.evicts};
        report.add(tier, access, bytes, measure_faults(of, options.rounds), options.rounds);
      }
    }
  }
  return report;
}

/// The second table; rows are added to `json`.
std::string measure_block_sizes(std::size_t faults, nlohmann::ordered_json& json) {
  apps::Table table(
      {"block", "pages by", "read: median us", "p99 us", "GB/s", "write: median us", "p99 us", "GB/s"});
  const bool moves = can_move_pages();
  for (std::uint64_t bytes = 4 * kKiB; bytes <= runtime::kBlockBytes; bytes *= bytes < 64 * kKiB ? 4 : 2) {
    for (const PagesBy by : {PagesBy::move, PagesBy::copy}) {
      if (by == PagesBy::move && !moves) continue;
      const char* name = by == PagesBy::move ? "UFFDIO_MOVE" : "UFFDIO_COPY";
      std::vector<std::string> row{runtime::format_bytes(bytes), name};
      for (const bool writes : {false, true}) {
        const FaultTimes times = measure_blocks({bytes, by, writes}, faults);
        const double speed = static_cast<double>(bytes * faults) / times.seconds();
        row.push_back(fmt::format("{:.1f}", times.quantile_us(0.5)));
        row.push_back(fmt::format("{:.1f}", times.quantile_us(0.99)));
        row.push_back(fmt::format("{:.2f}", 1e-9 * speed));
        json.push_back({{"block_bytes", bytes},
                        {"pages_by", name},
                        {"access", writes ? "write" : "read"},
                        {"median_us", times.quantile_us(0.5)},
                        {"p99_us", times.quantile_us(0.99)},
                        {"bytes_per_s", speed}});
      }
      table.add(std::move(row));
    }
  }
  return table.text();
}

int run(const Options& options) {
  const Report spaces = measure_spaces(options);
  print(spaces.table.text() + "\nuserfaultfd alone, by block\n", options.json);
  auto blocks = nlohmann::ordered_json::array();
  print(measure_block_sizes(options.block_faults, blocks), options.json);
  if (!options.json.empty()) apps::write_json(options.json, {{"spaces", spaces.json}, {"blocks", blocks}});
  return spaces.right ? 0 : 1;
}

std::uint64_t parse_size(const std::string& text) {
  const auto bytes = runtime::parse_bytes(text);
  if (!bytes || *bytes < 16) throw CLI::ValidationError("'" + text + "' is not a size like 2MiB");
  return *bytes;
}

host::LinkPace parse_link(const std::string& text) {
  const std::size_t comma = std::min(text.find(','), text.size() - 1);
  const auto speed = runtime::parse_bytes_per_second(text.substr(0, comma));
  const auto latency_ns = runtime::parse_duration_ns(text.substr(comma + 1));
  if (!speed || *speed <= 0 || !latency_ns)
    throw CLI::ValidationError("--link", "'" + text + "' is not a speed and a latency like 12GB/s,10us");
  return {*speed, *latency_ns};
}

}  // namespace
}  // namespace octrain::bench

int main(int argc, char** argv) {
  using namespace octrain::bench;
  Options options;
  CLI::App app("Demand faults of the host's managed memory beside hints, by tier and size of tensor.",
               "faults");
  app.add_option("--tiers", options.tiers, "Of ram, link, file, copy")
      ->delimiter(',')
      ->check(CLI::IsMember({"ram", "link", "file", "copy"}))
      ->capture_default_str();
  app.add_option_function<std::vector<std::string>>(
         "--sizes",
         [&](const std::vector<std::string>& texts) {
           options.sizes.clear();
           for (const std::string& text : texts) options.sizes.push_back(parse_size(text));
         },
         "Of tensors (default: 64KiB,2MiB,64MiB)")
      ->delimiter(',');
  app.add_option_function<std::string>(
      "--bytes", [&](const std::string& text) { options.half_bytes = parse_size(text); },
      "Brought in each round, and device memory (default: 256MiB)");
  app.add_option("--rounds", options.rounds, "Times that each is measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option_function<std::string>(
      "--link", [&](const std::string& text) { options.link = parse_link(text); },
      "Pace of the tier `link` (default: 12GB/s,10us)");
  app.add_option("--tier-dir", options.tier_dir, "Of the tier `file` (default: as octrain)");
  app.add_option("--block-faults", options.block_faults, "Faults of each block size of userfaultfd alone")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--json", options.json, "The rows, too (- is stdout)")->type_name("FILE");
  return run_program(app, argc, argv, [&] { return run(options); });
}
