// octrain train --trace: a file that is there when training ends, however it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

Arguments lenet(const Arguments& more) {
  return Arguments{"--model", "lenet", "--batch", "16", "--mode", "explicit", "--json", "-"} + more;
}

std::int64_t iterations_in(const std::filesystem::path& path) {
  const nlohmann::json trace = nlohmann::json::parse(std::ifstream(path));
  const auto& events = trace.at("traceEvents");
  return std::count_if(events.begin(), events.end(), [](const nlohmann::json& event) {
    return event.at("name").get<std::string>().starts_with("iteration ");
  });
}

TEST(TraceCommand, ShowsTheFirstIterations) {
  const TemporaryDirectory directory;
  const std::string file = directory / "trace.json";
  ASSERT_EQ(run_octrain(lenet({"--iterations", "5", "--trace", file})).exit_code, 0);
  EXPECT_EQ(iterations_in(file), 3);
  ASSERT_EQ(run_octrain(lenet({"--iterations", "5", "--trace", file, "--trace-iterations", "4"})).exit_code,
            0);
  EXPECT_EQ(iterations_in(file), 4);
}

TEST(TraceCommand, ChangesNoLoss) {
  const TemporaryDirectory directory;
  const std::string file = directory / "trace.json";
  EXPECT_EQ(losses(run_octrain(lenet({"--iterations", "3", "--trace", file})).json()),
            losses(run_octrain(lenet({"--iterations", "3"})).json()));
}

TEST(TraceCommand, IsThereAfterAnInterrupt) {
  const TemporaryDirectory directory;
  const std::string file = directory / "trace.json", prefix = directory / "run";
  RunningOctrain running(
      lenet({"--iterations", "1000000", "--trace", file, "--snapshot", prefix, "--snapshot-interval", "2"}));
  ASSERT_TRUE(running.wait_until([&] { return last_snapshot(prefix) >= 2; }, std::chrono::seconds(60)));
  EXPECT_FALSE(std::filesystem::exists(file)) << "it appears whole";
  running.signal(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
  EXPECT_GE(iterations_in(file), 2);
}

TEST(TraceCommand, RefusesAFileThatItCannotWriteBeforeItTrains) {
  const TemporaryDirectory directory;
  const Outcome nowhere = run_octrain(lenet({"--trace", directory / "nowhere/trace.json"}));
  EXPECT_EQ(nowhere.exit_code, 4);
  EXPECT_THAT(nowhere.error_line(), HasSubstr("trace.json"));
  EXPECT_TRUE(nowhere.out.empty()) << "nothing was trained";
  EXPECT_EQ(run_octrain(lenet({"--trace", directory / ""})).exit_code, 2);
  EXPECT_EQ(run_octrain(lenet({"--trace-iterations", "2"})).exit_code, 2) << "of no trace";
}

}  // namespace
}  // namespace octrain::testing
