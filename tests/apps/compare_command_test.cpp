// octrain compare: a grid of trainings, each in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Arguments lenet(const Arguments& more) {
  return Arguments{"compare", "--model", "lenet", "--batch", "16", "--iterations", "3"} + more;
}

TEST(Compare, ModesSideBySideWithTheSameLosses) {
  const Outcome outcome =
      run_octrain(lenet({"--modes", "incore,explicit", "--policy", "lru,lookahead", "--output", "json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json cells = outcome.json()["cells"];
  ASSERT_EQ(cells.size(), 3u);
  for (const nlohmann::json& cell : cells) {
    EXPECT_EQ(cell["same_losses"], true) << cell;
    EXPECT_GT(cell["images_per_second"], 0) << cell;
    EXPECT_FALSE(cell["of_in_core"].is_null()) << cell;
  }
  EXPECT_EQ(cells[1]["plan"], "lru");
  EXPECT_THAT(outcome.err, HasSubstr("3 of 3: batch 16 explicit lookahead"));
}

TEST(Compare, SharesOfTheFootprintAreBudgets) {
  const Outcome outcome = run_octrain(lenet(
      {"--modes", "incore,explicit", "--device-memory", "100%", "--policy", "lru", "--output", "json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json cells = outcome.json()["cells"];
  EXPECT_EQ(cells[1]["device_memory"], "100%");
}

TEST(Compare, ACellThatCannotRunIsARow) {
  const Outcome outcome = run_octrain(lenet({"--modes", "explicit,incore", "--device-memory", "1%"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("short"));
  EXPECT_THAT(outcome.out, HasSubstr("(exit status 5)"));
  EXPECT_THAT(outcome.out, HasSubstr("same")) << "the other ran";
}

TEST(Compare, WhereNoCellRunsTheExitCodeIsTheirs) {
  const Outcome outcome = run_octrain(lenet({"--modes", "explicit", "--device-memory", "1%"}));
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("(exit status 5)"));
}

TEST(Compare, OptionsOfPlansAreForThoseThatMakeSome) {
  const Outcome outcome =
      run_octrain(lenet({"--modes", "incore,explicit", "--device-memory", "50%", "--recompute", "speed",
                         "--policy", "superneurons", "--policy-option", "offload=1", "--output", "json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  ASSERT_EQ(json.at("cells").size(), 2u);
  for (const nlohmann::json& cell : json.at("cells")) EXPECT_EQ(cell.at("same_losses"), true) << cell;
}

TEST(Compare, OptionsOfTrainAreForEveryCell) {
  const Outcome same = run_octrain(lenet({"--modes", "incore", "--seed", "7", "--output", "csv"}));
  ASSERT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("16,incore,"));
  const Outcome wrong = run_octrain(lenet({"--modes", "incore", "--sed", "7"}));
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.error_line(), HasSubstr("--sed"));
}

TEST(Compare, RefusesListsThatItCannotRead) {
  for (const Arguments& wrong : std::vector<Arguments>{{"--modes", "fast"},
                                                       {"--device-memory", "0"},
                                                       {"--output", "xml"},
                                                       {"--trace", "file"},
                                                       {"--log", "file"}}) {
    const Outcome outcome = run_octrain(lenet(wrong));
    EXPECT_EQ(outcome.exit_code, 2) << wrong[1];
    EXPECT_THAT(outcome.error_line(), HasSubstr(wrong[0]));
  }
  EXPECT_EQ(run_octrain({"compare", "--model", "lenet", "--batch", "8..4"}).exit_code, 2);
}

TEST(Compare, GoesOnWhereItEnded) {
  const TemporaryDirectory directory;
  const std::string file = directory / "runs.json";
  ASSERT_EQ(run_octrain(lenet({"--modes", "incore", "--resume", file})).exit_code, 0);
  const Outcome more = run_octrain(lenet({"--modes", "incore,explicit", "--resume", file}));
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_THAT(more.err, Not(HasSubstr("incore"))) << "it has that";
  EXPECT_THAT(more.err, HasSubstr("2 of 2: batch 16 explicit"));
  EXPECT_THAT(more.out, HasSubstr("incore"));
  std::ofstream(file) << R"({"runner": "another", "runs": {}})";
  const Outcome other = run_octrain(lenet({"--modes", "incore", "--resume", file}));
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.error_line(), HasSubstr("another build or machine"));
  std::ofstream(file) << "something else";
  EXPECT_EQ(run_octrain(lenet({"--modes", "incore", "--resume", file})).exit_code, 3);
}

TEST(Compare, AnInterruptPrintsWhatIsDone) {
  const TemporaryDirectory directory;
  const std::string file = directory / "runs.json";
  RunningOctrain running({"compare", "--model", "lenet", "--batch", "16", "--modes", "incore", "--rounds",
                          "1000000", "--iterations", "2", "--resume", file});
  ASSERT_TRUE(running.wait_until([&] { return std::filesystem::exists(file); }, std::chrono::seconds(60)));
  running.signal(SIGINT);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("same"));
}

}  // namespace
}  // namespace octrain::testing
