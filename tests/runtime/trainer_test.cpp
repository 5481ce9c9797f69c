#include "octrain/runtime/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "octrain/runtime/error.h"
#include "octrain/runtime/interrupt.h"
#include "octrain/runtime/units.h"
#include "support/temporary_directory.h"
#include "toy_training.h"

namespace octrain::runtime {
namespace {

using test::TemporaryDirectory;
using testing::HasSubstr;

TrainerOptions toy_options(std::uint64_t iterations) {
  TrainerOptions options;
  options.net = "toy";
  options.iterations = iterations;
  options.rate.policy = LearningRate::Policy::exp;
  options.rate.base = 0.1f;
  options.rate.gamma = 0.99f;
  return options;
}

/// A toy training with all that a trainer refers to, and a record of what it said.
struct Toy {
  explicit Toy(TrainerOptions options, const test::Meddle& meddle = {})
      : program(test::toy_program(meddle, options.test_images, options.test_batch)),
        train_plan(test::toy_plan(program.train)),
        test_plan(test::toy_plan(program.test)),
        trainer(program, train_plan, test_plan, memory, std::move(options), events()) {}

  TrainerEvents events() {
    return {.iteration =
                [this](const IterationRecord& record) {
                  iterations.push_back(record.iteration);
                  losses.push_back(record.loss);
                  rates.push_back(record.learning_rate);
                  evictions.push_back(memory.evictions);
                },
            .test = [this](const TestRecord& record) { tests.push_back(record); },
            .progress = [this](const Progress& at) { progress.push_back(at); },
            .interrupted = [this](int signal, const Progress&) { interrupts.push_back(signal); },
            .snapshot = [this](const std::filesystem::path& path) { snapshots.push_back(path); },
            .replan = {}};
  }

  std::vector<float> contents(TensorId tensor) {
    std::vector<float> values(2 * test::kStoredFloats);
    memory.read_contents(tensor, 0, std::as_writable_bytes(std::span(values)));
    return values;
  }

  Program program;
  advisor::Plan train_plan, test_plan;
  test::ToyMemory memory;
  std::vector<std::uint64_t> iterations;
  std::vector<double> losses;
  std::vector<float> rates;
  std::vector<int> evictions;
  std::vector<TestRecord> tests;
  std::vector<Progress> progress;
  std::vector<int> interrupts;
  std::vector<std::filesystem::path> snapshots;
  Trainer trainer;
};

TEST(Trainer, Trains) {
  Toy toy(toy_options(50));
  toy.trainer.initialize();
  EXPECT_EQ(toy.contents(test::kWeights), (std::vector<float>{0, 3, 2, 1, 0, 6, 5, 4}));
  EXPECT_EQ(toy.contents(test::kMomentum), std::vector<float>(8, 0.0f));
  const TrainResult result = toy.trainer.run();
  EXPECT_EQ(result.iterations_done, 50u);
  EXPECT_EQ(result.interrupt_signal, 0);
  EXPECT_FALSE(result.test);
  ASSERT_EQ(toy.losses.size(), 50u);
  EXPECT_EQ(toy.iterations.back(), 49u);
  EXPECT_LT(toy.losses.back(), 0.05 * toy.losses.front());
  EXPECT_FLOAT_EQ(toy.rates[2], 0.1f * 0.99f * 0.99f);
}

TEST(Trainer, MovesNothingBetweenTrainingIterations) {
  Toy toy(toy_options(20));
  toy.trainer.initialize();
  toy.trainer.run();
  EXPECT_EQ(toy.evictions.front(), toy.evictions.back());
}

TEST(Trainer, GoesOnWithAnotherPlanWhenItIsGivenOne) {
  Toy same(toy_options(6)), other(toy_options(6));
  same.trainer.initialize();
  same.trainer.run();
  advisor::Plan restless = other.train_plan;  // sends the weights home after every iteration
  restless.actions.push_back({advisor::ActionKind::evict, 2, test::kWeights, 0});
  std::vector<std::uint64_t> asked;
  TrainerEvents events = other.events();
  events.replan = [&](const IterationRecord& record, std::uint64_t trained) -> const advisor::Plan* {
    EXPECT_EQ(record.metrics.op_ns.size(), 3u);
    asked.push_back(trained);
    return trained == 2 ? &restless : nullptr;
  };
  Trainer trainer(other.program, other.train_plan, other.test_plan, other.memory, toy_options(6), events);
  trainer.initialize();
  trainer.run();
  EXPECT_EQ(other.losses, same.losses);
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(other.evictions[1], other.evictions[0]) << "the first plan keeps everything";
  EXPECT_EQ(other.evictions[5], other.evictions[4] + 1) << "the second does not";
}

TEST(Trainer, LaysTensorsOutAsTheNextPlanPlacesThem) {
  TrainerOptions options = toy_options(6);
  options.test_interval = 4;
  options.test_images = 3;
  options.test_batch = 3;
  Toy same(options), other(options);
  same.trainer.initialize();
  same.trainer.run();
  const std::size_t tensors = other.program.train.schedule.tensors.size();
  const auto placed = [&](advisor::Plan plan, std::uint64_t shift) {
    for (TensorId tensor = 0; tensor < tensors; ++tensor)
      plan.actions.push_back({advisor::ActionKind::place, 0, tensor, tensor * kBlockBytes + shift});
    return plan;
  };
  const advisor::Plan first = placed(other.train_plan, 0), second = placed(other.train_plan, kBlockBytes),
                      test = placed(other.test_plan, 2 * kBlockBytes);
  TrainerEvents events = other.events();
  events.replan = [&](const IterationRecord&, std::uint64_t trained) {
    return trained == 2 ? &second : nullptr;
  };
  Trainer trainer(other.program, first, test, other.memory, options, events);
  trainer.initialize();
  trainer.run();
  EXPECT_EQ(other.losses, same.losses);
  std::vector<std::uint64_t> shifts;
  for (const auto& places : other.memory.places) {
    ASSERT_EQ(places.size(), tensors);
    shifts.push_back(places[0] / kBlockBytes);
  }
  // The second plan after two iterations; the test after four and at the end, and back each time.
  EXPECT_EQ(shifts, (std::vector<std::uint64_t>{1, 2, 1, 2, 1}));
  EXPECT_TRUE(same.memory.places.empty()) << "plans without places leave everything where it is";
}

TEST(Trainer, TellsProgressWithinAnIteration) {
  Toy toy(toy_options(2));
  toy.trainer.initialize();
  toy.trainer.run();
  ASSERT_EQ(toy.progress.size(), 6u);
  EXPECT_EQ(toy.progress[0].ops_done, 1u);
  EXPECT_EQ(toy.progress[0].ops, 3u);
  EXPECT_GT(toy.progress[0].remaining_seconds, toy.progress[0].elapsed_seconds) << "5/6 of the time is left";
  EXPECT_EQ(toy.progress[2].remaining_seconds, 0);
  EXPECT_EQ(toy.progress[3].iteration, 1u);
}

TEST(Trainer, TestsTheWholeSplit) {
  TrainerOptions options = toy_options(10);
  options.test_interval = 4;
  options.test_images = 7;
  options.test_batch = 3;
  Toy toy(options), untested(toy_options(10));
  toy.trainer.initialize();
  untested.trainer.initialize();
  const TrainResult result = toy.trainer.run();
  untested.trainer.run();
  ASSERT_EQ(toy.tests.size(), 3u);
  EXPECT_EQ(toy.tests[0].iteration, 4u);
  EXPECT_EQ(toy.tests[1].iteration, 8u);
  EXPECT_EQ(toy.tests[2].iteration, 10u);
  EXPECT_DOUBLE_EQ(toy.tests[2].accuracy, 4.0 / 7);
  ASSERT_TRUE(result.test);
  EXPECT_FLOAT_EQ(static_cast<float>(result.test->loss), toy.contents(test::kWeights)[1]);
  EXPECT_EQ(toy.losses, untested.losses) << "testing must not change the training";
}

TEST(Trainer, ResumesBitForBit) {
  TemporaryDirectory directory;
  TrainerOptions options = toy_options(30);
  Toy straight(options);
  straight.trainer.initialize();
  straight.trainer.run();

  options.snapshot_prefix = (directory / "deep" / "toy").string();
  options.iterations = 13;
  Toy first(options);
  first.trainer.initialize();
  first.trainer.run();
  options.iterations = 30;
  Toy second(options);
  second.trainer.resume(*latest_snapshot(options.snapshot_prefix));
  EXPECT_EQ(second.trainer.iteration(), 13u);
  second.trainer.run();

  std::vector<double> losses = first.losses;
  losses.insert(losses.end(), second.losses.begin(), second.losses.end());
  EXPECT_EQ(losses, straight.losses);
  for (const TensorId tensor : {test::kWeights, test::kMomentum, test::kStatistics})
    EXPECT_EQ(second.contents(tensor), straight.contents(tensor));
}

TEST(Trainer, SnapshotsAtIntervalsAndAtTheEnd) {
  TemporaryDirectory directory;
  TrainerOptions options = toy_options(10);
  options.snapshot_prefix = (directory / "toy").string();
  options.snapshot_interval = 3;
  Toy toy(options), plain(toy_options(10));
  toy.trainer.initialize();
  toy.trainer.run();
  ASSERT_EQ(toy.snapshots.size(), 4u);
  EXPECT_EQ(toy.snapshots[3], snapshot_path(options.snapshot_prefix, 10));
  EXPECT_FALSE(std::filesystem::exists(toy.snapshots[0]));
  EXPECT_FALSE(std::filesystem::exists(toy.snapshots[1]));
  EXPECT_TRUE(std::filesystem::exists(toy.snapshots[2]));
  EXPECT_TRUE(std::filesystem::exists(toy.snapshots[3]));
  plain.trainer.initialize();
  plain.trainer.run();
  EXPECT_EQ(toy.losses, plain.losses) << "snapshots must not change the training";
}

TEST(Trainer, RefusesToResumeWhatIsAnotherTraining) {
  TemporaryDirectory directory;
  TrainerOptions options = toy_options(3);
  options.snapshot_prefix = (directory / "toy").string();
  Toy toy(options);
  toy.trainer.initialize();
  toy.trainer.run();
  options.seed = 2;
  Toy other_seed(options);
  EXPECT_THROW(other_seed.trainer.resume(toy.snapshots[0]), UsageError);
  other_seed.trainer.load_weights(toy.snapshots[0]);
  EXPECT_EQ(other_seed.trainer.iteration(), 0u);
  EXPECT_EQ(other_seed.contents(test::kWeights), toy.contents(test::kWeights));
  EXPECT_EQ(other_seed.contents(test::kMomentum), std::vector<float>(8, 0.0f));
  test::write_file(toy.snapshots[0], test::Bytes(100, 1));
  EXPECT_THROW(toy.trainer.resume(toy.snapshots[0]), BadInput);
}

TEST(Trainer, NamesTheIterationThatDiverged) {
  TemporaryDirectory directory;
  TrainerOptions options = toy_options(10);
  options.snapshot_prefix = (directory / "toy").string();
  options.snapshot_interval = 2;
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Toy toy(options, [bad](const OpContext& context) {
      if (context.iteration == 5) context.scalars[1] = bad;
    });
    toy.trainer.initialize();
    try {
      toy.trainer.run();
      FAIL() << "went on";
    } catch (const Diverged& error) {
      EXPECT_EQ(error.exit_code(), kExitDiverged);
      EXPECT_THAT(error.what(), HasSubstr("iteration 5"));
    }
    EXPECT_EQ(toy.losses.size(), 5u);
    EXPECT_EQ(latest_snapshot(options.snapshot_prefix), snapshot_path(options.snapshot_prefix, 4));
  }
}

TEST(Trainer, NeedsALoss) {
  Program program = test::toy_program();
  program.train.scalar_names[1] = "cost";
  test::ToyMemory memory;
  const advisor::Plan plan;
  EXPECT_THROW(Trainer(program, plan, plan, memory, toy_options(1)), UsageError);
}

TEST(Trainer, RefusesAnUnusableSnapshotDirectoryAtOnce) {
  TemporaryDirectory directory;
  test::write_file(directory / "file", {});
  TrainerOptions options = toy_options(1);
  options.snapshot_prefix = (directory / "file" / "toy").string();
  EXPECT_THROW(Toy{options}, IoError);
}

TEST(TrainerInterrupt, FinishesTheIterationThenSnapshots) {
  TemporaryDirectory directory;
  TrainerOptions options = toy_options(20);
  options.snapshot_prefix = (directory / "toy").string();
  options.test_images = 4;
  options.test_batch = 2;
  const InterruptGuard guard;
  Toy toy(options, [](const OpContext& context) {
    if (context.iteration == 6) std::raise(SIGTERM);
  });
  toy.trainer.initialize();
  const TrainResult result = toy.trainer.run();
  EXPECT_EQ(result.interrupt_signal, SIGTERM);
  EXPECT_EQ(result.iterations_done, 7u);
  EXPECT_EQ(toy.interrupts, std::vector<int>{SIGTERM});
  EXPECT_TRUE(toy.tests.empty());
  ASSERT_EQ(toy.snapshots.size(), 1u);
  EXPECT_EQ(SnapshotReader(toy.snapshots[0]).header().iteration, 7u);
}

TEST(TrainerInterrupt, FlagIsClearedWithTheGuard) {
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    EXPECT_EQ(pending_interrupt(), SIGINT);
  }
  EXPECT_EQ(pending_interrupt(), 0);
}

TEST(TrainerInterruptDeathTest, SecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        const InterruptGuard guard;
        std::raise(SIGTERM);
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace octrain::runtime
