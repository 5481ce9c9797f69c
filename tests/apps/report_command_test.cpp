// octrain train --report and octrain compare --report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

Arguments lenet(const Arguments& more) {
  return Arguments{"train", "--model", "lenet", "--batch", "16", "--json", "-"} + more;
}

nlohmann::json data_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (path.extension() == ".json") return nlohmann::json::parse(text);
  const std::size_t start = text.find('>', text.find("id=\"data\"")) + 1;
  return nlohmann::json::parse(text.substr(start, text.find("</script>", start) - start));
}

void expect_whole(const nlohmann::json& timeline, const nlohmann::json& names) {
  EXPECT_GE(timeline["steps"]["op"].size(), names["ops"].size());
  const auto& count = timeline["states"]["count"];
  EXPECT_EQ(count.size(), names["tensors"].size());
  EXPECT_EQ(
      std::accumulate(count.begin(), count.end(), std::size_t{0},
                      [](std::size_t sum, const nlohmann::json& n) { return sum + n.get<std::size_t>(); }),
      timeline["states"]["step"].size());
}

TEST(ReportCommand, ShowsAnIterationUnderTheLastPlan) {
  const TemporaryDirectory directory;
  const std::string file = directory / "report.html";
  const Outcome outcome = run_octrain(lenet({"--mode", "explicit", "--device-memory", "60%", "--share",
                                             "none", "--iterations", "8", "--report", file}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json data = data_in(file);
  const nlohmann::json& timeline = data["cells"][0]["timeline"];
  ASSERT_EQ(outcome.json()["planned_again_after"], 4);
  EXPECT_EQ(timeline["iteration"], 5) << "the second one under it";
  expect_whole(timeline, data["schedules"][0]);
  EXPECT_THAT(data["command"].get<std::string>(), HasSubstr("--device-memory 60%"));
  EXPECT_EQ(data["table"].size(), 9u) << "a head and 8 iterations";
  EXPECT_FALSE(timeline["lanes"][0]["bytes"].empty()) << "something is brought in";
  std::uint64_t most = 0;
  for (const auto& bytes : timeline["steps"]["resident_bytes"])
    most = std::max(most, bytes.get<std::uint64_t>());
  EXPECT_LE(most, outcome.json()["device_memory_bytes"].get<std::uint64_t>());
}

TEST(ReportCommand, BesideATraceLeavesThatAsItIs) {
  const TemporaryDirectory directory;
  const std::string trace = directory / "trace.json", file = directory / "report.json";
  ASSERT_EQ(run_octrain(lenet({"--mode", "incore", "--iterations", "4", "--trace", trace,
                               "--trace-iterations", "1", "--report", file}))
                .exit_code,
            0);
  const nlohmann::json events = nlohmann::json::parse(std::ifstream(trace)).at("traceEvents");
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const nlohmann::json& event) {
                            return event.at("name").get<std::string>().starts_with("iteration ");
                          }),
            1);
  EXPECT_EQ(data_in(file)["cells"][0]["timeline"]["iteration"], 2);
}

TEST(ReportCommand, ShowsFaultsWhereThereAreAny) {
  if (!managed_memory_works()) GTEST_SKIP() << "no userfaultfd here";
  const TemporaryDirectory directory;
  const std::string file = directory / "report.json";
  const Outcome outcome = run_octrain(
      lenet({"--mode", "um-naive", "--device-memory", "60%", "--iterations", "3", "--report", file}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json timeline = data_in(file)["cells"][0]["timeline"];
  const std::size_t faults = timeline["lanes"][5]["bytes"].size();
  EXPECT_EQ(faults, outcome.json()["iterations"][2]["faults"]) << "of its iteration";
  EXPECT_GT(faults, 0u);
}

TEST(ReportCommand, RefusesAFileThatItCannotWriteBeforeItTrains) {
  const TemporaryDirectory directory;
  const std::string nowhere = directory / "nowhere/report.html";
  for (const Arguments& command :
       {lenet({"--report", nowhere}),
        Arguments{"compare", "--model", "lenet", "--batch", "16", "--report", nowhere}}) {
    const Outcome outcome = run_octrain(command);
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.error_line(), HasSubstr("report.html"));
    EXPECT_TRUE(outcome.out.empty()) << "nothing was trained";
  }
  EXPECT_EQ(run_octrain(lenet({"--report", directory / ""})).exit_code, 2);
  EXPECT_EQ(
      run_octrain({"compare", "--model", "lenet", "--batch", "16", "--report", directory / ""}).exit_code, 2);
}

TEST(ReportCommand, OfAComparisonHasEveryCell) {
  const TemporaryDirectory directory;
  const std::string file = directory / "report.html", runs = directory / "runs.json";
  const Arguments arguments = {"compare",
                               "--model",
                               "lenet",
                               "--batch",
                               "16",
                               "--modes",
                               "incore,explicit",
                               "--device-memory",
                               "60%,1%",
                               "--iterations",
                               "3",
                               "--rounds",
                               "2",
                               "--resume",
                               runs,
                               "--report",
                               file};
  const Outcome outcome = run_octrain(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json data = data_in(file);
  ASSERT_EQ(data["cells"].size(), 3u);
  EXPECT_EQ(data["schedules"].size(), 1u) << "of one batch";
  for (int cell : {0, 1}) expect_whole(data["cells"][cell]["timeline"], data["schedules"][0]);
  EXPECT_TRUE(data["cells"][2]["timeline"].is_null());
  EXPECT_THAT(data["cells"][2]["note"].get<std::string>(), HasSubstr("short"));
  ASSERT_EQ(data["curve"]["lines"].size(), 1u);
  EXPECT_NEAR(data["curve"]["lines"][0]["points"][0][0].get<double>(), 1 / 0.6, 0.01);
  EXPECT_EQ(data["table"].size(), 4u);
  // Kept runs have no recording, and the page says so.
  ASSERT_EQ(run_octrain(arguments).exit_code, 0);
  EXPECT_THAT(data_in(file)["cells"][0]["note"].get<std::string>(), HasSubstr("earlier"));
}

}  // namespace
}  // namespace octrain::testing
