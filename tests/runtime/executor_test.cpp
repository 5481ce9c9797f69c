#include "octrain/runtime/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "octrain/runtime/error.h"
#include "toy_training.h"

namespace octrain::runtime {
namespace {

using advisor::ActionKind;
using advisor::Phase;
using advisor::Role;
using testing::ElementsAre;

/// Every op waits half a second and runs for a quarter.
struct SettledTimer : OpTimer {
  void waits(const std::string&) override {}
  void runs() override {}
  void done() override { times.push_back({500'000'000, 250'000'000}); }
  void tell_starts(bool) override {}
  std::vector<OpTime> take() override { return std::exchange(times, {}); }
  std::vector<OpTime> times;
};

/// Runs what it recorded when it is asked to.
struct NotingRecorder : OpRecorder {
  NotingRecorder(std::vector<std::string>& into, bool refuse) : log(into), refuses(refuse) {}
  struct Recording : OpRecording {
    explicit Recording(std::vector<std::string>& into) : log(into) {}
    void replay() override { log.push_back("replay"); }
    std::vector<std::string>& log;
  };
  std::unique_ptr<OpRecording> record(const std::function<void()>& ops) override {
    log.push_back("record");
    if (refuses) return nullptr;
    ops();
    log.push_back("recorded");
    return std::make_unique<Recording>(log);
  }
  std::vector<std::string>& log;
  bool refuses;
};

/// Notes what happens to it, and to whom.
struct NotingMemory : test::StrictMemory {
  explicit NotingMemory(std::vector<std::string>& into) : StrictMemory(2, 8), log(into) {}
  void prefetch(TensorId id) override {
    log.push_back("prefetch " + std::to_string(id));
    StrictMemory::prefetch(id);
  }
  void evict(TensorId id) override {
    log.push_back("evict " + std::to_string(id));
    StrictMemory::evict(id);
  }
  void discard(TensorId id) override {
    log.push_back("discard " + std::to_string(id));
    StrictMemory::discard(id);
  }
  void acquire(const OpAccess& access) override {
    for (const TensorId id : access.writes) StrictMemory::prefetch(id);
    StrictMemory::acquire(access);
  }
  void begin_iteration() override { ++iterations; }
  std::unique_ptr<OpTimer> make_timer() override { return std::make_unique<SettledTimer>(); }
  std::unique_ptr<OpRecorder> make_recorder() override {
    return std::make_unique<NotingRecorder>(log, refuses_recording);
  }
  bool refuses_recording = false;
  int iterations = 0;
  std::vector<std::string>& log;
};

/// make: writes a; use: reads a, writes b; last: reads a and b. Each adds 1 to the only scalar.
struct ThreeOps {
  ThreeOps() {
    schedule.tensors = {{"a", Role::activation, 8}, {"b", Role::activation, 8}};
    schedule.ops = {{"make", Phase::forward, 1, 0, {}, {0}},
                    {"use", Phase::forward, 1, 0, {0}, {1}},
                    {"last", Phase::backward, 1, 0, {0, 1}, {}}};
    for (const char* name : {"make", "use", "last"}) {
      functions.push_back([this, name](const OpContext& context) {
        log.push_back(name + std::string(" ") + std::to_string(context.iteration));
        context.scalars[0] += 1;
      });
    }
  }
  IterationMetrics operator()(const advisor::Plan& plan) {
    return Executor(schedule, functions, memory, plan)
        .run({.iteration = 7, .learning_rate = 0, .scalar_count = 1});
  }

  advisor::Schedule schedule;
  std::vector<OpFunction> functions;
  std::vector<std::string> log;
  NotingMemory memory{log};
};

TEST(Executor, CarriesOutHintsAtTheirBoundaries) {
  ThreeOps run;
  const IterationMetrics metrics = run({{{ActionKind::prefetch, 1, 1, 0},
                                         {ActionKind::evict, 1, 0, 0},
                                         {ActionKind::prefetch, 2, 0, 0},
                                         {ActionKind::discard, 2, 0, 0},
                                         {ActionKind::free, 2, 1, 0}}});
  EXPECT_THAT(run.log, ElementsAre("make 7", "prefetch 1", "use 7", "evict 0", "prefetch 0", "last 7",
                                   "discard 0", "discard 1"));
  EXPECT_THAT(metrics.scalars, ElementsAre(3.0));
  EXPECT_DOUBLE_EQ(metrics.stall_seconds, 1.5);
  EXPECT_THAT(metrics.op_ns, ElementsAre(250'000'000, 250'000'000, 250'000'000));
  EXPECT_EQ(run.memory.iterations, 1);
  EXPECT_EQ(metrics.recompute_seconds, 0);
}

TEST(Executor, RunsAnOpOnceMoreAndCountsItsResultsOnce) {
  ThreeOps run;
  const IterationMetrics metrics = run({{{ActionKind::discard, 1, 0, 0},
                                         {ActionKind::recompute, 2, 0, 0},
                                         {ActionKind::evict, 1, 1, 0},
                                         {ActionKind::prefetch, 2, 1, 0},
                                         {ActionKind::discard, 2, 0, 0},
                                         {ActionKind::discard, 2, 1, 0}}});
  EXPECT_THAT(run.log, ElementsAre("make 7", "use 7", "discard 0", "make 7", "evict 1", "prefetch 1",
                                   "last 7", "discard 0", "discard 1"));
  EXPECT_THAT(metrics.scalars, ElementsAre(3.0)) << "what the second run of make adds is not counted";
  EXPECT_DOUBLE_EQ(metrics.stall_seconds, 2);
  EXPECT_EQ(metrics.op_ns.size(), 3u) << "of the ops' first runs";
  EXPECT_DOUBLE_EQ(metrics.recompute_seconds, 0.25);
}

TEST(Executor, PlacementsAreNoHints) {
  ThreeOps run;
  run({{{ActionKind::place, 0, 0, 0}, {ActionKind::place, 0, 1, 8}}});
  EXPECT_THAT(run.log, ElementsAre("make 7", "use 7", "last 7"));
}

TEST(Executor, RecordsRepeatableOpsInTheSecondIterationAndReplaysThem) {
  ThreeOps run;
  // Hints part nothing: they do nothing on memory that records.
  const advisor::Plan plan{{{ActionKind::prefetch, 1, 1, 0}}};
  Executor executor(run.schedule, run.functions, run.memory, plan, {true, true, false});
  IterationMetrics metrics;
  std::vector<advisor::OpIndex> told;
  for (std::uint64_t iteration = 0; iteration < 3; ++iteration) {
    told.clear();
    metrics = executor.run({.iteration = iteration, .learning_rate = 0, .scalar_count = 1},
                           [&](advisor::OpIndex done, advisor::OpIndex) { told.push_back(done); });
  }
  EXPECT_THAT(run.log, ElementsAre("make 0", "prefetch 1", "use 0", "last 0",                    //
                                   "record", "make 1", "use 1", "recorded", "replay", "last 1",  //
                                   "replay", "last 2"));
  EXPECT_THAT(told, ElementsAre(2, 3));
  EXPECT_DOUBLE_EQ(metrics.stall_seconds, 1) << "two runs, of which one was of two ops";
  EXPECT_THAT(metrics.op_ns, ElementsAre(125'000'000, 125'000'000, 250'000'000));
}

TEST(Executor, RecomputationPartsWhatIsRecorded) {
  ThreeOps run;
  const advisor::Plan plan{{{ActionKind::discard, 1, 0, 0}, {ActionKind::recompute, 2, 0, 0}}};
  Executor executor(run.schedule, run.functions, run.memory, plan, {true, true, true});
  for (std::uint64_t iteration = 0; iteration < 2; ++iteration)
    (void)executor.run({.iteration = iteration, .learning_rate = 0, .scalar_count = 1});
  EXPECT_THAT(run.log, ElementsAre("make 0", "use 0", "discard 0", "make 0", "last 0",  //
                                   "record", "make 1", "use 1", "recorded", "replay", "discard 0", "make 1",
                                   "last 1"));
}

TEST(Executor, RunsOneByOneWhatCannotBeRecorded) {
  ThreeOps run;
  run.memory.refuses_recording = true;
  Executor executor(run.schedule, run.functions, run.memory, {}, {true, true, true});
  for (std::uint64_t iteration = 0; iteration < 3; ++iteration)
    (void)executor.run({.iteration = iteration, .learning_rate = 0, .scalar_count = 1});
  EXPECT_THAT(run.log, ElementsAre("make 0", "use 0", "last 0", "record", "make 1", "use 1", "last 1",
                                   "make 2", "use 2", "last 2"));
}

TEST(Executor, RefusesFunctionsOfAnotherSchedule) {
  ThreeOps run;
  run.functions.pop_back();
  EXPECT_THROW(run({}), InvalidPlan);
}

}  // namespace
}  // namespace octrain::runtime
