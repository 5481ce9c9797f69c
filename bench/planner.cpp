// How long planning, checking and simulating take by the number of ops: every policy, recompute method and
// share method, the search over all of them, checker and simulator, at half and a quarter of the footprint.
// The shapes: a very deep net; one of few layers in very many slabs; a small net's iteration many times over.
//
//   planner_bench [--shape deep|slabs|passes] [--cap SECONDS] [--only PART_OF_A_NAME]
//
// One table: milliseconds of processor time (the least of a few runs where a run is short), and the exponent
// with which they grow: log10 of the ratio for ten times the ops; n log n shows as 1.1 to 1.15. What would
// take longer than the cap, by how it grew so far, is left out, and its estimate stands in the table instead.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octrain/advisor/advise.h"
#include "octrain/advisor/bounds.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/recompute.h"
#include "octrain/advisor/share.h"
#include "octrain/advisor/simulate.h"
#include "support/deep_schedule.h"
#include "support/repeated_schedule.h"
#include "support/vgg_like_schedule.h"

namespace {

namespace advisor = octrain::advisor;

constexpr std::array<std::size_t, 3> kSizes = {1'000, 10'000, 100'000};

advisor::Schedule deep(std::size_t ops) { return octrain::testing::deep_schedule(ops); }

/// vgg's shape with as many images as make about that many ops, which grow linearly with them.
advisor::Schedule slabs(std::size_t ops) {
  constexpr std::uint64_t kImages = 512;
  const std::size_t have = octrain::testing::vgg_like_schedule(kImages).ops.size();
  return octrain::testing::vgg_like_schedule(kImages * ops / have);
}

/// An iteration of a thousand ops, several times over.
advisor::Schedule passes(std::size_t ops) {
  return octrain::testing::repeated_schedule(deep(kSizes[0]), ops / kSizes[0]);
}

struct Shape {
  std::string_view name;
  advisor::Schedule (*make)(std::size_t ops);
  bool repeats = false;  ///< more ops need no more memory
};
constexpr std::array<Shape, 3> kShapes = {{{"deep", deep}, {"slabs", slabs}, {"passes", passes, true}}};

struct Problem {
  Problem(const advisor::Schedule& of, std::uint64_t footprint_bytes, std::uint64_t share)
      : schedule(of),
        machine(advisor::find_machine("v100-16g").value()),
        budget_bytes(std::max(footprint_bytes / share, advisor::largest_op_bytes(of))) {
    machine.host_bytes = 0;  // as much as it takes: the footprint grows with the ops
    machine.device_bytes = budget_bytes;
  }
  [[nodiscard]] advisor::PlanRequest request() const { return {schedule, machine, budget_bytes}; }
  /// For checker and simulator.
  [[nodiscard]] const advisor::Plan& plan() {
    if (!plan_) plan_ = advisor::find_policy("lookahead")->make_plan(request()).plan;
    return *plan_;
  }

  const advisor::Schedule& schedule;
  advisor::Machine machine;
  std::uint64_t budget_bytes;

 private:
  std::optional<advisor::Plan> plan_;
};

struct Case {
  std::string name;
  std::function<void(Problem&)> run;
  bool budgeted = true;  ///< false: the budget makes no difference
  bool planned = false;  ///< works on a plan, the making of which is not measured
};

using benchmark::DoNotOptimize;

void advise(const Problem& problem, std::uint64_t steps) {
  advisor::AdviceRequest request{.schedule = problem.schedule, .machine = problem.machine};
  request.budget_bytes = problem.budget_bytes;
  request.search_steps = steps;
  DoNotOptimize(advisor::advise(request));
}

void add_recomputation(std::vector<Case>& cases) {
  for (const advisor::RecomputeMethod& method : advisor::recompute_methods()) {
    if (method.name == "none") continue;
    cases.push_back({"recompute " + std::string(method.name), [&method](Problem& problem) {
                       DoNotOptimize(method.choose(
                           problem.request(), advisor::TensorSet(problem.schedule.tensors.size(), true)));
                     }});
  }
  cases.push_back({"recompute candidates",
                   [](Problem& problem) { DoNotOptimize(advisor::recompute_candidates(problem.schedule)); },
                   false});
}

void add_proofs(std::vector<Case>& cases) {
  const auto add = [&](const char* name, auto run, bool planned) {
    cases.push_back({name, [run](Problem& problem) { DoNotOptimize(run(problem)); }, true, planned});
  };
  add(
      "check", [](Problem& p) { return advisor::check(p.schedule, p.plan(), p.budget_bytes); }, true);
  add(
      "bounds", [](Problem& p) { return advisor::bounds(p.schedule, p.budget_bytes); }, false);
  add(
      "simulate",
      [](Problem& p) { return advisor::simulate(p.schedule, p.plan(), p.machine, p.budget_bytes); }, true);
  add(
      "simulate_on_demand",
      [](Problem& p) { return advisor::simulate_on_demand(p.schedule, {}, p.machine, p.budget_bytes); },
      false);
}

std::vector<Case> list_cases() {
  std::vector<Case> cases;
  for (const advisor::Policy& policy : advisor::policies()) {
    cases.push_back({"plan " + std::string(policy.name),
                     [&policy](Problem& problem) { DoNotOptimize(policy.make_plan(problem.request())); }});
  }
  add_recomputation(cases);
  cases.push_back({"auto before its local search", [](Problem& problem) { advise(problem, 0); }});
  cases.push_back({"auto", [](Problem& problem) { advise(problem, advisor::AdviceRequest::kQuickSearch); }});
  for (const advisor::ShareMethod& method : advisor::share_methods()) {
    if (method.packing.empty()) continue;  // nothing is laid over anything
    cases.push_back({"share " + std::string(method.name),
                     [&method](Problem& problem) {
                       const advisor::Plan kept = advisor::keep_plan(problem.schedule);
                       DoNotOptimize(place_tensors(problem.schedule, kept, problem.machine, method));
                     },
                     false});
  }
  add_proofs(cases);
  return cases;
}

/// Of the processor: planners have one thread, and a busy machine should not slow them down.
double seconds_of(const std::function<void()>& run) {
  constexpr double kEnough = 0.2;
  double least = 0, all = 0;
  for (int i = 0; i < 20 && all < kEnough; ++i) {
    const std::clock_t start = std::clock();
    run();
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    least = i == 0 ? seconds : std::min(least, seconds);
    all += seconds;
  }
  return least;
}

double exponent(double seconds, double before, double ops_ratio) {
  return std::log(std::max(seconds, 1e-9) / std::max(before, 1e-9)) / std::log(ops_ratio);
}

/// One case at one share of the footprint, size by size: cells of the table.
void measure(const Case& of, std::vector<Problem>& problems, double cap_seconds,
             std::vector<std::string>& cells) {
  constexpr double kLogLinear = 1.1;
  double growth = 0;  // before anything is known of it, a case is tried that has not reached the cap
  double before = 0;
  std::size_t before_ops = 0;
  bool skips = false;
  for (Problem& problem : problems) {
    const std::size_t ops = problem.schedule.ops.size();
    const double ratio = before_ops == 0 ? 1 : static_cast<double>(ops) / static_cast<double>(before_ops);
    skips = skips || before * std::pow(ratio, growth) > cap_seconds;
    if (skips && growth == 0) growth = kLogLinear;
    double seconds = before * std::pow(ratio, growth);  // as expected
    if (!skips) {
      if (of.planned) DoNotOptimize(problem.plan());
      seconds = seconds_of([&] { of.run(problem); });
    }
    if (before_ops != 0 && !skips) growth = exponent(seconds, before, ratio);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), skips ? "skipped, ~%.0f s" : "%.1f",
                  skips ? seconds : 1e3 * seconds);
    cells.emplace_back(text.data());
    if (before_ops != 0) {
      std::snprintf(text.data(), text.size(), "%.2f", growth);
      cells.emplace_back(skips ? "" : text.data());
    }
    before = seconds;
    before_ops = ops;
  }
}

struct Options {
  const Shape* shape = &kShapes[0];
  std::string_view only;
  double cap_seconds = 60;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    const std::string_view value = argv[i + 1];
    if (name == "--shape") {
      options.shape =
          std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& s) { return s.name == value; });
    } else if (name == "--only") {
      options.only = value;
    } else if (name == "--cap") {
      options.cap_seconds = std::atof(argv[i + 1]);
    } else {
      return std::nullopt;
    }
  }
  const bool known = options.shape != kShapes.end();
  return known && options.cap_seconds > 0 ? std::optional(options) : std::nullopt;
}

void print_row(const std::string& name, const std::vector<std::string>& cells) {
  std::printf("| %s |", name.c_str());
  for (const std::string& cell : cells) std::printf(" %s |", cell.c_str());
  std::puts("");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse(argc, argv);
  if (!options) {
    std::fputs("usage: planner_bench [--shape deep|slabs|passes] [--cap SECONDS] [--only PART_OF_A_NAME]\n",
               stderr);
    return 2;
  }
  std::vector<advisor::Schedule> schedules;
  for (const std::size_t ops : kSizes) schedules.push_back(options->shape->make(ops));
  std::vector<Problem> halves, quarters;  // the largest at a quarter only
  for (const advisor::Schedule& schedule : schedules) {
    const bool last = &schedule == &schedules.back();
    const std::uint64_t bytes = advisor::footprint_bytes(options->shape->repeats ? schedules[0] : schedule);
    if (!last) halves.emplace_back(schedule, bytes, 2);
    quarters.emplace_back(schedule, bytes, 4);
    std::printf("%zu ops, %zu tensors%s", schedule.ops.size(), schedule.tensors.size(), last ? "\n\n" : "; ");
  }
  std::puts("| ms | 1/2: 1e3 | 1e4 | growth | 1/4: 1e3 | 1e4 | growth | 1e5 | growth |");
  std::puts("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const Case& of : list_cases()) {
    if (of.name.find(options->only) == std::string::npos) continue;
    std::vector<std::string> cells(of.budgeted ? 0 : 3);
    if (of.budgeted) measure(of, halves, options->cap_seconds, cells);
    measure(of, quarters, options->cap_seconds, cells);
    print_row(of.name, cells);
  }
  return 0;
}
