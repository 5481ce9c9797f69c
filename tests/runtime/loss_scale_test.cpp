#include "octrain/runtime/loss_scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "octrain/runtime/error.h"
#include "octrain/runtime/trainer.h"
#include "support/temporary_directory.h"
#include "toy_training.h"

namespace octrain::runtime {
namespace {

using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr LossScaling kFollowing{.follows_gradients = true, .fixed = 1};

TEST(LossScale, StaysWhereItIsFixed) {
  LossScale scale({.follows_gradients = false, .fixed = 128});
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(scale.note(i % 2 == 0));
  EXPECT_EQ(scale.value(), 128);
}

TEST(LossScale, HalvesAtOnceAndDoublesAfterTwoThousandCleanIterations) {
  LossScale scale(kFollowing);
  EXPECT_EQ(scale.value(), 65536);
  EXPECT_TRUE(scale.note(true));
  EXPECT_EQ(scale.value(), 32768);
  for (int i = 0; i < 1999; ++i) EXPECT_TRUE(scale.note(false));
  EXPECT_EQ(scale.value(), 32768);
  EXPECT_EQ(scale.state().clean_iterations, 1999u);
  EXPECT_TRUE(scale.note(true));
  EXPECT_EQ(scale.value(), 16384) << "it counts anew";
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(scale.note(false));
  EXPECT_EQ(scale.state(), (LossScaleState{32768, 0}));
}

TEST(LossScale, KeepsWithinItsBounds) {
  LossScale scale(kFollowing, {LossScale::kMost, 1999});
  EXPECT_TRUE(scale.note(false));
  EXPECT_EQ(scale.value(), LossScale::kMost);
  for (float at = LossScale::kMost; at > LossScale::kLeast; at /= 2) EXPECT_TRUE(scale.note(true));
  EXPECT_EQ(scale.value(), LossScale::kLeast);
  EXPECT_FALSE(scale.note(true));
}

/// A toy training whose gradients overflow in the iterations that are named.
struct Scaled {
  Scaled(std::uint64_t iterations, LossScaling scaling, std::vector<std::uint64_t> spoiled,
         std::string snapshot_prefix = {})
      : program(test::toy_program([spoiled](const OpContext& context) {
          if (std::ranges::find(spoiled, context.iteration) != spoiled.end())
            context.floats(test::kGradient)[5] = std::numeric_limits<float>::infinity();
        })),
        train_plan(test::toy_plan(program.train)),
        test_plan(test::toy_plan(program.test)),
        trainer(program, train_plan, test_plan, memory, options(iterations, scaling, snapshot_prefix),
                events()) {}

  static TrainerOptions options(std::uint64_t iterations, LossScaling scaling, const std::string& prefix) {
    TrainerOptions options;
    options.net = "toy";
    options.iterations = iterations;
    options.rate.base = 0.1f;
    options.loss_scaling = scaling;
    options.snapshot_prefix = prefix;
    return options;
  }
  TrainerEvents events() {
    TrainerEvents events;
    events.iteration = [this](const IterationRecord& record) {
      losses.push_back(record.loss);
      scales.push_back(record.loss_scale);
      overflows.push_back(record.overflow);
    };
    return events;
  }
  std::vector<float> weights() {
    std::vector<float> values(2 * test::kStoredFloats);
    memory.read_contents(test::kWeights, 0, std::as_writable_bytes(std::span(values)));
    return values;
  }

  Program program;
  advisor::Plan train_plan, test_plan;
  test::ToyMemory memory;
  std::vector<double> losses;
  std::vector<float> scales;
  std::vector<bool> overflows;
  Trainer trainer;
};

TEST(TrainerWithScaledLosses, UndoesTheScaleToTheBit) {
  Scaled plain(20, {}, {}), fixed(20, {.fixed = 1024}, {}), following(20, kFollowing, {});
  for (Scaled* training : {&plain, &fixed, &following}) {
    training->trainer.initialize();
    training->trainer.run();
  }
  EXPECT_EQ(fixed.losses, plain.losses);
  EXPECT_EQ(following.losses, plain.losses);
  EXPECT_EQ(fixed.scales, std::vector<float>(20, 1024));
  EXPECT_EQ(following.scales, std::vector<float>(20, 65536));
}

TEST(TrainerWithScaledLosses, AnOverflowSkipsTheUpdateAndHalvesTheScale) {
  Scaled training(5, kFollowing, {1, 2});
  training.trainer.initialize();
  training.trainer.run();
  EXPECT_THAT(training.scales, ElementsAre(65536, 65536, 32768, 16384, 16384));
  EXPECT_THAT(training.overflows, ElementsAre(false, true, true, false, false));
  EXPECT_NE(training.losses[1], training.losses[0]);
  EXPECT_EQ(training.losses[2], training.losses[1]) << "the weights are those of before";
  EXPECT_EQ(training.losses[3], training.losses[1]);
  EXPECT_NE(training.losses[4], training.losses[1]);
}

TEST(TrainerWithScaledLosses, AFixedScaleStaysAfterAnOverflow) {
  Scaled training(3, {.fixed = 256}, {1});
  training.trainer.initialize();
  training.trainer.run();
  EXPECT_THAT(training.scales, ElementsAre(256, 256, 256));
  EXPECT_THAT(training.overflows, ElementsAre(false, true, false));
}

TEST(TrainerWithScaledLosses, DivergesWhereNoScaleHelps) {
  std::vector<std::uint64_t> all(100);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  Scaled training(100, kFollowing, all);
  training.trainer.initialize();
  try {
    training.trainer.run();
    FAIL() << "went on";
  } catch (const Diverged& error) {
    EXPECT_THAT(error.what(), HasSubstr("whatever the loss scale"));
  }
  EXPECT_EQ(training.scales.back(), 2 * LossScale::kLeast) << "the iteration with the least did not end";
}

TEST(TrainerWithScaledLosses, ResumesWithTheScaleAndItsCount) {
  TemporaryDirectory directory;
  const std::string prefix = (directory / "scaled").string();
  Scaled whole(2012, kFollowing, {3, 7});
  whole.trainer.initialize();
  whole.trainer.run();
  EXPECT_EQ(whole.scales.back(), 32768) << "doubled after 2000 iterations";
  Scaled first(900, kFollowing, {3, 7}, prefix), second(2012, kFollowing, {});
  first.trainer.initialize();
  first.trainer.run();
  second.trainer.resume(snapshot_path(prefix, 900));
  second.trainer.run();
  EXPECT_EQ(second.losses, std::vector<double>(whole.losses.begin() + 900, whole.losses.end()));
  EXPECT_EQ(second.scales, std::vector<float>(whole.scales.begin() + 900, whole.scales.end()));
  EXPECT_EQ(second.weights(), whole.weights());
}

TEST(TrainerWithScaledLosses, SnapshotsWithAndWithoutAScaleGoBothWays) {
  TemporaryDirectory directory;
  const std::string prefix = (directory / "a").string();
  Scaled plain(3, {}, {}, prefix);
  plain.trainer.initialize();
  plain.trainer.run();
  EXPECT_FALSE(SnapshotReader(snapshot_path(prefix, 3)).header().loss_scale);
  Scaled following(5, kFollowing, {4}, prefix);
  following.trainer.resume(snapshot_path(prefix, 3));
  following.trainer.run();
  EXPECT_EQ(SnapshotReader(snapshot_path(prefix, 5)).header().loss_scale, (LossScaleState{32768, 0}));
  Scaled again(6, {}, {});
  again.trainer.resume(snapshot_path(prefix, 5));
  again.trainer.run();
  EXPECT_THAT(again.scales, ElementsAre(1));
}

}  // namespace
}  // namespace octrain::runtime
