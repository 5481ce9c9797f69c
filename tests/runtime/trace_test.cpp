// Which files a trace takes, and what of a training it records (its contents:
// tests/contract/trace_contract.h).
#include "octrain/runtime/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "octrain/runtime/error.h"
#include "octrain/runtime/trainer.h"
#include "support/temporary_directory.h"
#include "toy_training.h"

namespace octrain::runtime {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Knows when somebody listens.
struct ListenedMemory : test::StrictMemory {
  using StrictMemory::StrictMemory;
  void record_transfers(TransferLog* log) override { changes += log != nullptr ? "on " : "off "; }
  void quiesce() override { changes += "quiesce "; }
  std::string changes;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Trace, RefusesWhatItCannotWrite) {
  const test::TemporaryDirectory directory;
  EXPECT_THROW(Trace(directory.path(), 1), UsageError);
  EXPECT_THROW(Trace(directory / "nowhere/trace.json", 1), IoError);
}

TEST(Trace, LeavesNothingBehindUnlessItIsWritten) {
  const test::TemporaryDirectory directory;
  { const Trace trace(directory / "trace.json", 1); }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Trace, RecordsOnlyWhileItIsToAndWaitsAtTheEnd) {
  const test::TemporaryDirectory directory;
  ListenedMemory memory(1, 8);
  Trace trace(directory / "trace.json", 2);
  IterationMetrics metrics;
  trace.resume(memory);
  trace.add(0, metrics, memory);
  trace.resume(memory);  // transfers may go on between iterations
  EXPECT_EQ(memory.changes, "on ");
  trace.pause(memory);
  trace.pause(memory);
  EXPECT_EQ(memory.changes, "on quiesce off ");
  trace.resume(memory);
  trace.add(1, metrics, memory);
  EXPECT_FALSE(trace.wants_more());
  EXPECT_EQ(memory.changes, "on quiesce off on quiesce off ");
}

TEST(Trace, RecordsMoreThanItWritesForOthers) {
  const test::TemporaryDirectory directory;
  ListenedMemory memory(1, 8);
  Trace trace(directory / "trace.json", 1);
  trace.record_at_least(3);
  IterationMetrics metrics;
  for (std::uint64_t iteration = 0; iteration < 3; ++iteration) {
    if (iteration == 2) trace.pause(memory);  // a test, say
    trace.resume(memory);
    metrics.start_ns = iteration;
    trace.add(iteration, metrics, memory);
  }
  EXPECT_FALSE(trace.wants_more());
  ASSERT_EQ(trace.iterations().size(), 3u);
  EXPECT_TRUE(trace.iterations()[0].settled);
  EXPECT_FALSE(trace.iterations()[1].settled);
  EXPECT_TRUE(trace.iterations()[2].settled);
  trace.write({}, memory);
  EXPECT_THAT(contents(directory / "trace.json"), HasSubstr("\"iteration 0\""));
  EXPECT_THAT(contents(directory / "trace.json"), Not(HasSubstr("\"iteration 1\"")));
}

TEST(Trace, OfATrainingHasItsFirstIterationsAndNoTests) {
  const test::TemporaryDirectory directory;
  const Program program = test::toy_program({}, 4, 2);
  ListenedMemory memory(program.train.schedule.tensors.size(), 2 * test::kStoredFloats * sizeof(float));
  const advisor::Plan plan = test::toy_plan(program.train), test_plan = test::toy_plan(program.test);
  Trace trace(directory / "trace.json", 2);
  TrainerOptions options;
  options.iterations = 3;
  options.test_interval = 1;
  options.test_images = 4;
  options.test_batch = 2;
  options.trace = &trace;
  Trainer trainer(program, plan, test_plan, memory, options);
  trainer.initialize();
  memory.changes.clear();
  trainer.run();
  trace.write(program.train.schedule, memory);
  EXPECT_THAT(memory.changes, testing::StartsWith("on quiesce off "));
  const std::string text = contents(directory / "trace.json");
  EXPECT_THAT(text, HasSubstr("\"iteration 0\""));
  EXPECT_THAT(text, HasSubstr("\"iteration 1\""));
  EXPECT_THAT(text, Not(HasSubstr("\"iteration 2\"")));
}

}  // namespace
}  // namespace octrain::runtime
