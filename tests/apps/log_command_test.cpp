// octrain train --log: whole lines as things happen, however training ends, and through its resuming.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "apps/caffe_log_reader.h"
#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

Arguments lenet(const Arguments& more) {
  return Arguments{"--model", "lenet", "--batch", "16", "--mode", "incore", "--json", "-"} + more;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Every line must be whole.
std::vector<nlohmann::json> records_of(const std::filesystem::path& path) {
  const std::string text = text_of(path);
  EXPECT_TRUE(text.empty() || text.ends_with('\n'));
  std::vector<nlohmann::json> records;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

std::vector<nlohmann::json> of_kind(const std::vector<nlohmann::json>& records, const std::string& kind) {
  std::vector<nlohmann::json> some;
  std::ranges::copy_if(records, std::back_inserter(some),
                       [&](const nlohmann::json& record) { return record.at("kind") == kind; });
  return some;
}

TEST(LogCommand, TellsWhatTheResultsTell) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log.jsonl";
  const Outcome outcome =
      run_octrain(lenet({"--iterations", "4", "--test", "--test-interval", "2", "--log", file}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto records = records_of(file);
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records[0].at("kind"), "run");
  auto iterations = of_kind(records, "iteration");
  for (nlohmann::json& record : iterations) {
    record.erase("kind");
    record.erase("time");
  }
  EXPECT_EQ(nlohmann::json(iterations), outcome.json().at("iterations"));
  const auto tests = of_kind(records, "test");
  ASSERT_EQ(tests.size(), 2u);
  EXPECT_EQ(tests[0].at("iteration"), 2);
  EXPECT_EQ(tests[1].at("accuracy"), outcome.json().at("test_accuracy"));
}

TEST(LogCommand, TellsOfAnotherPlan) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log.jsonl";
  const Outcome outcome = run_octrain({"--model", "resnet-8", "--batch", "16", "--iterations", "7", "--mode",
                                       "explicit", "--device-memory", "24MiB", "--json", "-", "--log", file});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto plans = of_kind(records_of(file), "planned_again");
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].at("iteration"), outcome.json().at("planned_again_after"));
  EXPECT_EQ(plans[0].at("predicted_seconds"), outcome.json().at("predicted_seconds"));
}

TEST(LogCommand, IsWholeLinesWhenKilledAndIsGoneOnWith) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log.jsonl", prefix = directory / "run";
  const Arguments with_log = {"--log", file, "--snapshot", prefix, "--snapshot-interval", "2"};
  Arguments first = lenet({"--iterations", "1000000"});
  first.insert(first.end(), with_log.begin(), with_log.end());
  RunningOctrain running(first);
  ASSERT_TRUE(running.wait_until([&] { return last_snapshot(prefix) >= 4; }, std::chrono::seconds(60)));
  running.signal(SIGKILL);
  ASSERT_EQ(running.wait().exit_code, 128 + SIGKILL);
  const auto killed = records_of(file);
  const std::uint64_t last = last_snapshot(prefix);
  EXPECT_GE(of_kind(killed, "iteration").size(), last) << "written as they happened";

  std::ofstream(file, std::ios::app) << R"({"kind":"iter)";  // as a machine without power would leave it
  Arguments second = lenet({"--iterations", std::to_string(last + 2), "--resume", "auto"});
  second.insert(second.end(), with_log.begin(), with_log.end());
  ASSERT_EQ(run_octrain(second).exit_code, 0);
  const auto both = records_of(file);
  ASSERT_EQ(both.size(), killed.size() + 3) << "a run and two iterations more";
  EXPECT_TRUE(std::equal(killed.begin(), killed.end(), both.begin()));
  EXPECT_EQ(both[killed.size()].at("kind"), "run");
  EXPECT_EQ(both[killed.size()].at("iteration"), last);
  EXPECT_EQ(both.back().at("iteration"), last + 1);
}

TEST(LogCommand, BeginsAnewWithoutResume) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log.jsonl";
  for (const char* iterations : {"3", "2"})
    ASSERT_EQ(run_octrain(lenet({"--iterations", iterations, "--log", file})).exit_code, 0);
  EXPECT_EQ(of_kind(records_of(file), "iteration").size(), 2u);
}

TEST(LogCommand, CaffesReadersReadIt) {
  const TemporaryDirectory directory;
  const std::string file = directory / "log";
  const Outcome outcome =
      run_octrain(lenet({"--iterations", "4", "--test", "--test-interval", "2", "--lr-policy", "step",
                         "--gamma", "0.5", "--step-size", "1", "--log", file, "--log-format", "caffe"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const CaffeLog log(text_of(file));
  ASSERT_EQ(log.train.size(), 4u);
  const nlohmann::json iterations = outcome.json().at("iterations");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(log.train[i].iteration, i);
    EXPECT_NEAR(log.train[i].outputs.at("loss"), iterations[i].at("loss").get<double>(), 1e-4);
    if (i > 0) {  // that of the first is lost
      EXPECT_NEAR(log.train[i].rate, iterations[i].at("learning_rate").get<double>(), 1e-7);
    }
    EXPECT_GE(log.train[i].seconds, i == 0 ? 0 : log.train[i - 1].seconds);
  }
  EXPECT_NEAR(log.train[2].rate, log.train[1].rate / 2, 1e-7);
  ASSERT_EQ(log.test.size(), 2u);
  EXPECT_EQ(log.test[0].iteration, 2);
  EXPECT_NEAR(log.test[1].outputs.at("accuracy"), outcome.json().at("test_accuracy").get<double>(), 1e-4);
}

TEST(LogCommand, RefusesAFileThatItCannotWriteBeforeItTrains) {
  const TemporaryDirectory directory;
  for (const std::string& file : {(directory / "nowhere/log").string(), std::string("/dev/full")}) {
    const Outcome outcome = run_octrain(lenet({"--log", file}));
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.error_line(), HasSubstr(file));
    EXPECT_TRUE(outcome.out.empty()) << "nothing was trained";
  }
  EXPECT_EQ(run_octrain(lenet({"--log", directory / ""})).exit_code, 2);
  EXPECT_EQ(run_octrain(lenet({"--log-format", "caffe"})).exit_code, 2) << "of no log";
  EXPECT_EQ(run_octrain(lenet({"--log", directory / "log", "--log-format", "xml"})).exit_code, 2);
}

}  // namespace
}  // namespace octrain::testing
