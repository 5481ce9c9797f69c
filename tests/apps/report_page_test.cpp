// The page of --report as a file: whole, self-contained, whatever stands in the data.
#include "report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compare_report.h"
#include "octrain/runtime/error.h"
#include "support/temporary_directory.h"
#include "timeline_json.h"

namespace octrain::apps {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string data_of(const std::string& page) {
  const std::string begin = R"(<script type="application/json" id="data">)";
  const std::size_t start = page.find(begin) + begin.size();
  return page.substr(start, page.find("</script>", start) - start);
}

TEST(ReportPage, HoldsItsDataWhateverItsNames) {
  const Json data = {{"title", "</script><!-- <script> {{data}} ]]> \" \\ \xF0\x9F\x98\x80"}};
  const std::string page = report_page(data);
  EXPECT_EQ(Json::parse(data_of(page)), data);
  EXPECT_THAT(data_of(page), Not(HasSubstr("<")));
  EXPECT_EQ(Json::parse(data_of(report_page({{"title", "no UTF-8: \xFF"}})))["title"],
            "no UTF-8: \xEF\xBF\xBD");
}

TEST(ReportPage, NeedsNoOtherFile) {
  const std::string page = report_page(Json::object());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* mark : {"{{", "src=\"", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(mark))) << mark;
}

TEST(ReportPage, IsWrittenWholeOrNotAtAll) {
  const test::TemporaryDirectory directory;
  {
    ReportFile unwritten(directory / "a.html");
    EXPECT_FALSE(std::filesystem::exists(directory / "a.html"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  ReportFile(directory / "a.html").write({{"title", "x"}});
  EXPECT_EQ(contents(directory / "a.html"), report_page({{"title", "x"}}));
  ReportFile(directory / "a.json").write({{"title", "x"}});
  EXPECT_EQ(Json::parse(contents(directory / "a.json")), Json({{"title", "x"}}));
}

TEST(ReportPage, RefusesWhatItCannotWrite) {
  const test::TemporaryDirectory directory;
  EXPECT_THROW(ReportFile(directory.path()), runtime::UsageError);
  EXPECT_THROW(ReportFile("-"), runtime::UsageError);
  EXPECT_THROW(ReportFile(directory / "nowhere/a.html"), runtime::IoError);
}

TEST(ReportPage, TellsACommandAsAShellTakesIt) {
  EXPECT_EQ(shell_command({"octrain", "--device-memory", "50%", "a b", "it's", ""}),
            R"(octrain --device-memory 50% 'a b' 'it'\''s' '')");
}

TEST(ReportData, OfATimelineIsArraysOfNumbers) {
  Timeline timeline;
  EXPECT_TRUE(timeline_json(timeline, 1).is_null());
  timeline.steps = {{.op = 0, .start_ns = -5, .run_ns = 10}, {.op = 0, .again = true, .start_ns = 20}};
  timeline.states = {
      {{0, TensorState::host, Cause::start, 0}, {1, TensorState::resident, Cause::prefetch, 1}}, {}};
  timeline.lanes[0] = {{.start_ns = 3, .duration_ns = 4, .bytes = 5, .tensor = 6}, {.start_ns = 10}};
  const Json json = timeline_json(timeline, 99);
  EXPECT_EQ(json["budget_bytes"], 99);
  EXPECT_EQ(json["steps"]["start_delta_ns"], Json({-5, 25}));
  EXPECT_EQ(json["steps"]["again"], Json({0, 1}));
  EXPECT_EQ(json["states"]["count"], Json({2, 0}));
  EXPECT_EQ(json["states"]["state"], Json({4, 1}));
  EXPECT_EQ(json["states"]["cause"], Json({0, 1}));
  EXPECT_EQ(json["lanes"][0]["start_delta_ns"], Json({3, 7}));
}

CompareRow row_of(const std::string& mode, double oversubscription, std::optional<double> of_in_core) {
  CompareRow row;
  row.cell = {.batch = 8, .mode = mode, .device_memory = {}, .policy = {}};
  row.measured.emplace();
  row.measured->oversubscription = oversubscription;
  row.measured->images_per_second = 10 * oversubscription;
  row.of_in_core = of_in_core;
  return row;
}

TEST(ReportCurve, IsALineAModeOverOversubscription) {
  const Json curve = curve_json(
      {row_of("incore", 1, 1), row_of("um", 4, 0.5), row_of("um", 2, 0.9), row_of("explicit", 2, 0.8)});
  EXPECT_EQ(curve["y"], "speed over in core");
  ASSERT_EQ(curve["lines"].size(), 2u) << "in core is no line";
  EXPECT_EQ(curve["lines"][0], Json({{"name", "um"}, {"points", {{2.0, 0.9}, {4.0, 0.5}}}}));
}

TEST(ReportCurve, WithoutARunInCoreIsOfImages) {
  const Json curve = curve_json({row_of("um", 4, {}), row_of("um", 2, {})});
  EXPECT_EQ(curve["y"], "images/s");
  EXPECT_EQ(curve["lines"][0]["points"], Json({{2.0, 20.0}, {4.0, 40.0}}));
}

}  // namespace
}  // namespace octrain::apps
