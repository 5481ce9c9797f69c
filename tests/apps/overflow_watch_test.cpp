// A fixed loss scale under which gradients overflow all the time is told of once.
#include "overflow_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "octrain/runtime/trainer.h"
#include "runtime/toy_training.h"

namespace octrain::apps {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// What is said after each of the iterations ('x': an overflow), and at the end.
std::vector<std::string> said(OverflowWatch watch, const std::string& iterations) {
  std::vector<std::string> all;
  for (const char iteration : iterations)
    if (const auto warning = watch.note(iteration == 'x')) all.push_back(*warning);
  if (const auto warning = watch.end()) all.push_back(*warning);
  return all;
}

TEST(OverflowWatch, WarnsOnceAfterTenInARow) {
  OverflowWatch watch(1e6f);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(watch.note(true));
  const auto warning = watch.note(true);
  ASSERT_TRUE(warning);
  EXPECT_THAT(*warning, AllOf(HasSubstr("10 iterations in a row"), HasSubstr("--loss-scale 1e+06"),
                              HasSubstr("a smaller one"), HasSubstr("follows the gradients")));
  EXPECT_FALSE(watch.note(true));
  EXPECT_FALSE(watch.end());
  EXPECT_EQ(said(OverflowWatch(8.0f), std::string(50, 'x')).size(), 1u);
}

TEST(OverflowWatch, BearsAFewAtATime) {
  EXPECT_TRUE(said(OverflowWatch(8.0f), "xxxxxxxxx.xxxxxxxxx.").empty());
  EXPECT_TRUE(said(OverflowWatch(8.0f), ".xxxxxxxxx").empty());
  EXPECT_EQ(said(OverflowWatch(8.0f), "...xxxxxxxxxx...").size(), 1u) << "in the middle as well";
}

TEST(OverflowWatch, WarnsAtTheEndOfFewIterationsThatAllOverflowed) {
  EXPECT_THAT(said(OverflowWatch(8.0f), "xxx"), testing::ElementsAre(HasSubstr("3 iterations in a row")));
  EXPECT_THAT(said(OverflowWatch(8.0f), "x"), testing::ElementsAre(HasSubstr("the only iteration")));
  EXPECT_TRUE(said(OverflowWatch(8.0f), "xx.").empty());
  EXPECT_TRUE(said(OverflowWatch(8.0f), "").empty());
}

TEST(OverflowWatch, IsQuietWhereTheScaleFollows) {
  EXPECT_TRUE(said(OverflowWatch(std::nullopt), std::string(50, 'x')).empty());
}

/// A trainer's own records: every gradient times 2^127 is beyond a float.
TEST(OverflowWatch, HearsOfATrainingThatDoesNotMove) {
  for (const float scale : {1024.0f, 0x1p127f}) {
    const runtime::Program program = test::toy_program();
    const advisor::Plan plan = test::toy_plan(program.train), test_plan = test::toy_plan(program.test);
    test::ToyMemory memory;
    runtime::TrainerOptions options;
    options.net = "toy";
    options.iterations = 12;
    options.rate.base = 0.1f;
    options.loss_scaling = {.follows_gradients = false, .fixed = scale};
    OverflowWatch watch(scale);
    std::vector<std::uint64_t> warned_after;
    runtime::TrainerEvents events;
    events.iteration = [&](const runtime::IterationRecord& record) {
      if (watch.note(record.overflow)) warned_after.push_back(record.iteration);
    };
    runtime::Trainer trainer(program, plan, test_plan, memory, options, events);
    trainer.initialize();
    trainer.run();
    if (scale == 1024.0f)
      EXPECT_TRUE(warned_after.empty());
    else
      EXPECT_THAT(warned_after, testing::ElementsAre(9u));
    EXPECT_FALSE(watch.end());
  }
}

}  // namespace
}  // namespace octrain::apps
