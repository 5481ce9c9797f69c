// How long packing takes, by buffers: lives of all lengths, and lives nested in one another as a training
// iteration's are (half long, from forward to backward, half of a few ops). The counter is the height over
// the lower bound.
#include "octrain/advisor/packing.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>

namespace {

namespace advisor = octrain::advisor;

advisor::PackingProblem any_lives(std::uint64_t count) {
  std::mt19937 random(1);
  advisor::PackingProblem problem;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t lower = random() % count;
    const std::uint64_t longest = i % 3 == 0 ? 50 : i % 3 == 1 ? count / 10 : count;
    problem.buffers.push_back({{}, lower, lower + 1 + random() % longest, 512 * (1 + random() % 4096)});
  }
  return problem;
}

advisor::PackingProblem nested_lives(std::uint64_t count) {
  constexpr std::uint64_t kBlock = std::uint64_t{2} << 20;
  std::mt19937 random(1);
  advisor::PackingProblem problem;
  for (std::uint64_t i = 0; i < count / 2; ++i) {
    const std::uint64_t lower = random() % count;
    problem.buffers.push_back({{}, i, count - i, kBlock * (1 + random() % 16)});
    problem.buffers.push_back({{}, lower, lower + 2 + random() % 3, kBlock * (1 + random() % 32)});
  }
  return problem;
}

struct Lives {
  const char* name;
  advisor::PackingProblem (*make)(std::uint64_t buffers);
};

void pack(benchmark::State& state, const advisor::PackingAlgorithm& algorithm, const Lives& lives) {
  const advisor::PackingProblem problem = lives.make(static_cast<std::uint64_t>(state.range(0)));
  std::uint64_t height = 0;
  for ([[maybe_unused]] const auto unused : state) {
    height = algorithm.pack(problem, advisor::kQuickSteps).height_bytes;
  }
  state.counters["ratio"] = static_cast<double>(height) / static_cast<double>(advisor::lower_bound(problem));
}

const int kRegistered = [] {
  for (const advisor::PackingAlgorithm& algorithm : advisor::packing_algorithms()) {
    for (const Lives lives : {Lives{"any", any_lives}, Lives{"nested", nested_lives}}) {
      benchmark::RegisterBenchmark(
          (std::string(algorithm.name) + "/" + lives.name).c_str(),
          [&algorithm, lives](benchmark::State& state) { pack(state, algorithm, lives); })
          ->Arg(1'000)
          ->Arg(10'000)
          ->Arg(20'000)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return 0;
}();

}  // namespace
