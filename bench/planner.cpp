// How long planning, checking and simulating take: a schedule shaped like vgg16's, at half and a quarter of
// its footprint.
#include <benchmark/benchmark.h>

#include <string>

#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/simulate.h"
#include "support/vgg_like_schedule.h"

namespace {

namespace advisor = octrain::advisor;

struct Case {
  explicit Case(const benchmark::State& state)
      : schedule(octrain::testing::VggLikeSchedule(static_cast<std::uint64_t>(state.range(0))).make()),
        budget_bytes(std::max(advisor::footprint_bytes(schedule) / static_cast<std::uint64_t>(state.range(1)),
                              advisor::largest_op_bytes(schedule))) {}
  advisor::Schedule schedule;
  advisor::Machine machine = advisor::find_machine("host").value();
  std::uint64_t budget_bytes;
};

void plan(benchmark::State& state, const advisor::Policy& policy) {
  const Case problem(state);
  for ([[maybe_unused]] const auto unused : state) {
    benchmark::DoNotOptimize(policy.make_plan({problem.schedule, problem.machine, problem.budget_bytes}));
  }
  state.counters["ops"] = static_cast<double>(problem.schedule.ops.size());
}

void check(benchmark::State& state) {
  const Case problem(state);
  const advisor::PlanResult made =
      advisor::policies()[0].make_plan({problem.schedule, problem.machine, problem.budget_bytes});
  for ([[maybe_unused]] const auto unused : state) {
    benchmark::DoNotOptimize(advisor::check(problem.schedule, made.plan, problem.budget_bytes));
  }
}

void simulate(benchmark::State& state) {
  const Case problem(state);
  const advisor::PlanResult made =
      advisor::policies()[0].make_plan({problem.schedule, problem.machine, problem.budget_bytes});
  for ([[maybe_unused]] const auto unused : state) {
    benchmark::DoNotOptimize(
        advisor::simulate(problem.schedule, made.plan, problem.machine, problem.budget_bytes));
  }
}

void simulate_on_demand(benchmark::State& state) {
  const Case problem(state);
  for ([[maybe_unused]] const auto unused : state) {
    benchmark::DoNotOptimize(
        advisor::simulate_on_demand(problem.schedule, {}, problem.machine, problem.budget_bytes));
  }
}

/// Images, and the footprint's share as a divisor.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({64, 2})->Args({64, 4})->Args({512, 2})->Args({512, 4})->Unit(benchmark::kMillisecond);
}

const int kRegistered = [] {
  for (const advisor::Policy& policy : advisor::policies()) {
    sizes(benchmark::RegisterBenchmark(("plan/" + std::string(policy.name)).c_str(),
                                       [&policy](benchmark::State& state) { plan(state, policy); }));
  }
  sizes(benchmark::RegisterBenchmark("check", check));
  sizes(benchmark::RegisterBenchmark("simulate", simulate));
  sizes(benchmark::RegisterBenchmark("simulate_on_demand", simulate_on_demand));
  return 0;
}();

}  // namespace
