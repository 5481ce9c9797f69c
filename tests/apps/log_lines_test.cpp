// The lines of a training's log, in both forms.
#include "log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/caffe_log_reader.h"

namespace octrain::apps {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// 2026-11-22 03:04:05.678901 UTC, and later.
LogTime at(double later = 0) {
  using namespace std::chrono;
  const auto time =
      sys_days(2026y / November / 22) + hours(3) + minutes(4) + seconds(5) + microseconds(678901);
  return time_point_cast<LogTime::duration>(time) + duration_cast<LogTime::duration>(duration<double>(later));
}

RunFacts facts(const std::string& precision = "fp32") {
  RunFacts facts;
  facts.model = "lenet";
  facts.precision = precision;
  facts.footprint_bytes = 3;
  facts.device_memory_bytes = 2;
  return facts;
}

runtime::IterationRecord record(std::uint64_t iteration, double loss = 0.125, float rate = 0.01f) {
  runtime::IterationRecord record;
  record.iteration = iteration;
  record.loss = loss;
  record.learning_rate = rate;
  record.metrics.seconds = 0.08;
  record.metrics.memory.planned_in_bytes = 4096;
  return record;
}

advisor::Advice plan() {
  advisor::Advice plan;
  plan.policy = "g10";
  plan.recompute = "speed";
  plan.prediction.total_ns = 1'500'000'000;
  return plan;
}

std::vector<std::string> lines_of(const std::string& text) {
  EXPECT_TRUE(text.ends_with('\n'));
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

nlohmann::ordered_json only_object(const std::string& text) {
  EXPECT_EQ(lines_of(text).size(), 1u);
  return nlohmann::ordered_json::parse(text);
}

TEST(JsonLines, OfAnIterationHaveWhatTheResultsHave) {
  const auto lines = make_jsonl_lines();
  const auto run = only_object(lines->start(at(), {facts(), 3, 10}));
  EXPECT_EQ(run["kind"], "run");
  EXPECT_EQ(run["time"], "2026-11-22T03:04:05.678Z");
  EXPECT_EQ(run["iteration"], 3);
  EXPECT_EQ(run["of"], 10);
  EXPECT_EQ(run["model"], "lenet");
  EXPECT_EQ(run["oversubscription"], 1.5);
  TrainReport report(facts());
  report.add(record(3));
  auto iteration = only_object(lines->iteration(at(1), record(3)));
  EXPECT_EQ(iteration["kind"], "iteration");
  EXPECT_EQ(iteration["time"], "2026-11-22T03:04:06.678Z");
  iteration.erase("kind");
  iteration.erase("time");
  EXPECT_EQ(iteration, report.json()["iterations"][0]);
  EXPECT_EQ(iteration["planned_in_bytes"], 4096);
  EXPECT_FALSE(iteration.contains("loss_scale"));
}

TEST(JsonLines, OfScaledGradientsTellTheScale) {
  const auto lines = make_jsonl_lines();
  static_cast<void>(lines->start(at(), {facts("fp16"), 0, 10}));
  EXPECT_EQ(only_object(lines->iteration(at(), record(0)))["loss_scale"], 1);
}

TEST(JsonLines, OfTestsAndPlansAreKindsOfTheirOwn) {
  const auto lines = make_jsonl_lines();
  const auto test =
      only_object(lines->test(at(), {.iteration = 5, .accuracy = 0.75, .loss = 1.5, .seconds = 2}));
  EXPECT_EQ(test["kind"], "test");
  EXPECT_EQ(test["iteration"], 5);
  EXPECT_EQ(test["accuracy"], 0.75);
  EXPECT_EQ(test["loss"], 1.5);
  EXPECT_EQ(test["seconds"], 2);
  const auto planned = only_object(lines->planned_again(at(), {4, plan(), 77}));
  EXPECT_EQ(planned["kind"], "planned_again");
  EXPECT_EQ(planned["iteration"], 4);
  EXPECT_EQ(planned["policy"], "g10");
  EXPECT_EQ(planned["arena_bytes"], 77);
  EXPECT_EQ(planned["predicted_seconds"], 1.5);
}

/// Local times are UTC's.
class CaffeLines : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
  std::unique_ptr<LogLines> lines_ = make_caffe_lines(1234);
};

TEST_F(CaffeLines, AreThoseOfTheSolver) {
  EXPECT_THAT(
      lines_of(lines_->start(at(), {facts(), 0, 10})),
      ElementsAre("Log file created at: 2026/11/22 03:04:05", StartsWith("Log line format: [IWEF]mmdd"),
                  "I1122 03:04:05.678901  1234 solver.cpp:279] Solving lenet"));
  EXPECT_THAT(
      lines_of(lines_->iteration(at(), record(100, 0.123, 0.01f))),
      ElementsAre(
          "I1122 03:04:05.678901  1234 sgd_solver.cpp:105] Iteration 100, lr = 0.01",
          "I1122 03:04:05.678901  1234 solver.cpp:218] Iteration 100 (12.5 iter/s, 0.08s/1 iters), loss = "
          "0.123",
          "I1122 03:04:05.678901  1234 solver.cpp:237]     Train net output #0: loss = 0.123 (* 1 = 0.123 "
          "loss)"));
  EXPECT_THAT(
      lines_of(lines_->test(at(), {.iteration = 500, .accuracy = 0.98, .loss = 0.25, .seconds = 3})),
      ElementsAre("I1122 03:04:02.678901  1234 solver.cpp:330] Iteration 500, Testing net (#0)",
                  "I1122 03:04:05.678901  1234 solver.cpp:397]     Test net output #0: accuracy = 0.98",
                  "I1122 03:04:05.678901  1234 solver.cpp:397]     Test net output #1: loss = 0.25 (* 1 = "
                  "0.25 loss)"));
}

TEST_F(CaffeLines, BeginAFileOnce) {
  const std::string again = lines_->start(at(), {facts(), 5, 10, false});
  EXPECT_THAT(lines_of(again), ElementsAre(::testing::EndsWith("] Solving lenet")));
}

TEST_F(CaffeLines, AreReadAsCaffesToolsReadThem) {
  std::string text = lines_->start(at(), {facts(), 0, 10});
  text += lines_->iteration(at(1), record(0, 2.5, 0.01f));
  text += lines_->iteration(at(2), record(1, 1.25e-5, 0.001f));
  text += lines_->test(at(4), {.iteration = 2, .accuracy = 0.5, .loss = 3, .seconds = 1});
  text += lines_->planned_again(at(4), {2, plan(), 1});
  text += lines_->start(at(5), {facts(), 1, 10, false});  // resumed: iteration 1 comes again
  text += lines_->iteration(at(6), record(1, 1.25e-5, 0.002f));
  text += lines_->iteration(at(7), record(2, 1.5, 1e-6f));
  text += lines_->test(at(8), {.iteration = 3, .accuracy = 1, .loss = 0.5, .seconds = 1});
  const octrain::testing::CaffeLog log(text);
  ASSERT_EQ(log.train.size(), 4u);
  EXPECT_EQ(log.train[0].outputs.at("loss"), 2.5);
  EXPECT_DOUBLE_EQ(log.train[0].seconds, 1);
  EXPECT_EQ(log.train[1].iteration, 1);
  EXPECT_EQ(log.train[1].outputs.at("loss"), 1.25e-5);
  EXPECT_EQ(log.train[1].rate, 0.001) << "its own, not that of the row before";
  EXPECT_EQ(log.train[2].iteration, 1);
  EXPECT_EQ(log.train[2].rate, 0.002);
  EXPECT_DOUBLE_EQ(log.train[2].seconds, 6) << "since the first start";
  EXPECT_EQ(log.train[3].rate, 1e-6);
  ASSERT_EQ(log.test.size(), 2u);
  EXPECT_EQ(log.test[0].iteration, 2);
  EXPECT_DOUBLE_EQ(log.test[0].seconds, 4) << "of its outputs";
  EXPECT_EQ(log.test[0].outputs.at("accuracy"), 0.5);
  EXPECT_EQ(log.test[0].outputs.at("loss"), 3);
  EXPECT_EQ(log.test[1].iteration, 3);
  EXPECT_EQ(log.test[1].outputs.at("accuracy"), 1);
}

TEST_F(CaffeLines, AreWordForWordWhereReadersCountWords) {
  // Shell scripts around it: '] Solving '; the eleventh word of a test's outputs, the ninth of a line with
  // the rate.
  const auto word = [](const std::string& line, int number) {
    std::istringstream words(line);
    std::string last;
    for (int i = 0; i < number; ++i) words >> last;
    return last;
  };
  EXPECT_THAT(lines_->start(at(), {facts(), 0, 1}), HasSubstr("] Solving "));
  EXPECT_EQ(word(lines_of(lines_->iteration(at(), record(7)))[0], 9), "0.01");
  const auto test =
      lines_of(lines_->test(at(), {.iteration = 5, .accuracy = 0.75, .loss = 1.5, .seconds = 0}));
  EXPECT_EQ(word(test[1], 11), "0.75");
  EXPECT_EQ(word(test[2], 11), "1.5");
}

}  // namespace
}  // namespace octrain::apps
