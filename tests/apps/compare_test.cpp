// The parts of a comparison: what is run, and what is made of the results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare_grid.h"
#include "compare_result.h"
#include "octrain/runtime/error.h"

namespace octrain::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;

TEST(CompareGrid, ListsAndRanges) {
  EXPECT_THAT(parse_counts("--batch", "7"), ElementsAre(7));
  EXPECT_THAT(parse_counts("--batch", "3,64..512,10..30+10"), ElementsAre(3, 64, 128, 256, 512, 10, 20, 30));
  EXPECT_THAT(parse_counts("--batch", "64..500"), ElementsAre(64, 128, 256)) << "the end is passed over";
  EXPECT_THAT(parse_device_memory("4GiB,50%"), ElementsAre("4GiB", "50%"));
  EXPECT_THAT(parse_device_memory("1KiB..3KiB+1KiB,12.5%..50%"),
              ElementsAre("1024", "2048", "3072", "12.5%", "25%", "50%"));
}

TEST(CompareGrid, RefusesWhatItCannotRead) {
  for (const char* text :
       {"", "0", "-3", "64,,128", "64,", "8..4", "1..2..3", "1..8+0", "1..8+", "many", "4GiB"})
    EXPECT_THROW((void)parse_counts("--batch", text), runtime::UsageError) << text;
  for (const char* text : {"", "0", "0%", "101%", "50%..4GiB", "fast", "1GiB,", "4GiB..1GiB"})
    EXPECT_THROW((void)parse_device_memory(text), runtime::UsageError) << text;
  EXPECT_THROW((void)cells_of({"8", "um,swap", "", ""}), runtime::UsageError);
}

TEST(CompareGrid, EachModeTakesWhatItKnows) {
  std::vector<std::string> names;
  for (const CompareCell& cell : cells_of({"8", "incore,um-naive,um", "50%,25%", "lru,g10"}))
    names.push_back(cell.name());
  EXPECT_THAT(names, ElementsAre("batch 8 incore", "batch 8 um-naive 50%", "batch 8 um-naive 25%",
                                 "batch 8 um 50% lru", "batch 8 um 50% g10", "batch 8 um 25% lru",
                                 "batch 8 um 25% g10"));
  EXPECT_THAT(cells_of({"8", "um", "50%", "lru"})[0].arguments(),
              ElementsAre("--batch", "8", "--mode", "um", "--device-memory", "50%", "--policy", "lru"));
}

struct Faults {
  std::uint64_t in_bytes = 0;
  bool measured = true;
};

/// Ten iterations of these seconds each, of which the last plan made the last eight; 10 images.
Json run_of(double seconds, double stall_seconds, std::uint64_t planned_in_bytes, Faults faults = {},
            double loss = 1) {
  Json run = {{"batch", 10},
              {"policy", "lru"},
              {"recompute", "none"},
              {"device_memory_bytes", 1 << 20},
              {"oversubscription", 2.0},
              {"planned_again_after", 2},
              {"iterations", Json::array()}};
  for (int i = 0; i < 10; ++i) {
    const bool cold = i < 2;
    run["iterations"].push_back({{"loss", loss / (i + 1)},
                                 {"seconds", cold ? 100 : seconds},
                                 {"stall_seconds", cold ? 90 : stall_seconds},
                                 {"peak_resident_bytes", 5},
                                 {"planned_in_bytes", planned_in_bytes},
                                 {"planned_out_bytes", 3},
                                 {"fault_in_bytes", faults.measured ? Json(faults.in_bytes) : Json(nullptr)},
                                 {"driver_evicted_bytes", 0}});
  }
  return run;
}

CompareResult result(const std::string& mode, std::vector<Json> runs, const std::string& memory = "50%") {
  return {{10, mode, mode == "incore" ? "" : memory, ""}, std::move(runs), {}};
}

TEST(CompareResult, CountsWarmIterationsOnly) {
  const Measured run = measured(result("um", {run_of(2, 0.5, 7), run_of(4, 0.5, 9)}));
  EXPECT_DOUBLE_EQ(run.seconds, 3) << "eight of 2 and eight of 4";
  EXPECT_DOUBLE_EQ(run.images_per_second, 10.0 / 3);
  EXPECT_DOUBLE_EQ(run.spread, 1.0 / 3) << "the quartiles are 2 and 4";
  EXPECT_DOUBLE_EQ(run.stall_share, 0.5 / 3);
  EXPECT_EQ(run.in_bytes, 9u);
  EXPECT_EQ(run.faulted_bytes, 0u);
  EXPECT_FALSE(run.predicted.has_value());
  EXPECT_EQ(run.losses.size(), 10u);
}

TEST(CompareResult, OfTooFewIterationsTakesAll) {
  Json run = run_of(2, 0, 0);
  const Json first = run["iterations"][0];
  run["iterations"] = Json::array();
  run["iterations"].push_back(first);
  EXPECT_DOUBLE_EQ(measured(result("um", {run})).seconds, 100);
  run["iterations"].clear();
  EXPECT_THROW((void)measured(result("um", {run})), runtime::BadInput);
  EXPECT_THROW((void)measured(result("um", {Json::object()})), runtime::BadInput);
}

TEST(CompareResult, SaysWhatTheTimeIsSpentOn) {
  const std::vector<CompareRow> rows =
      rows_of({result("incore", {run_of(1, 0, 0)}), result("um", {run_of(1.02, 0, 50)}),
               result("um", {run_of(1.5, 0.5, 50)}), result("um-naive", {run_of(3, 0, 0, {100})}),
               result("um", {run_of(1.5, 0.1, 50, {100})}), result("um", {run_of(1.5, 0, 50, {0, false})}),
               result("um", {run_of(1.5, 0, 50)})});
  std::vector<std::string> bounds;
  for (const CompareRow& row : rows) bounds.push_back(row.bound_by);
  EXPECT_THAT(bounds, ElementsAre("compute", "compute", "link", "faults", "faults", "unknown", "compute"));
  EXPECT_DOUBLE_EQ(*rows[2].of_in_core, 1 / 1.5);
  EXPECT_DOUBLE_EQ(*rows[2].of_naive, 2);
  EXPECT_FALSE(rows[0].of_naive.has_value());
}

TEST(CompareResult, ComparesNaiveOfTheSameMemoryAndInCoreOfTheSameBatch) {
  CompareResult other_batch = result("um", {run_of(1, 0, 0)});
  other_batch.cell.batch = 20;
  const std::vector<CompareRow> rows =
      rows_of({result("incore", {run_of(1, 0, 0)}), other_batch,
               result("um-naive", {run_of(4, 0, 0, {9})}, "25%"), result("um", {run_of(2, 0, 0)}, "50%")});
  EXPECT_FALSE(rows[1].of_in_core.has_value());
  EXPECT_FALSE(rows[3].of_naive.has_value());
  EXPECT_DOUBLE_EQ(*rows[3].of_in_core, 0.5);
}

TEST(CompareResult, SeesOtherLossesInAnyRun) {
  const auto rows =
      rows_of({result("incore", {run_of(1, 0, 0)}), result("um", {run_of(1, 0, 0), run_of(1, 0, 0)}),
               result("explicit", {run_of(1, 0, 0), run_of(1, 0, 0, {}, 1.0000000001)})});
  EXPECT_TRUE(rows[0].same_losses);
  EXPECT_TRUE(rows[1].same_losses);
  EXPECT_FALSE(rows[2].same_losses);
}

std::vector<CompareRow> two_rows() {
  CompareResult failed{{10, "incore", "", ""}, {}, "does not fit, by 3 | \"4\" GiB"};
  return rows_of({failed, result("um", {run_of(2, 0, 7, {0, false})})});
}

TEST(CompareFormat, ACellThatDidNotRunIsARowWithItsReason) {
  const std::string text = format_rows("lenet", two_rows(), CompareFormat::text);
  EXPECT_THAT(text, HasSubstr("does not fit, by 3"));
  EXPECT_THAT(text, HasSubstr("not measured"));
  EXPECT_THAT(text, HasSubstr("5.00"));
}

TEST(CompareFormat, MarkdownCsvAndJson) {
  EXPECT_THAT(format_rows("lenet", two_rows(), CompareFormat::markdown), HasSubstr("by 3 \\| \"4\" GiB |\n"));
  const std::string csv = format_rows("lenet", two_rows(), CompareFormat::csv);
  EXPECT_THAT(csv, HasSubstr(",\"does not fit, by 3 | \"\"4\"\" GiB\"\n"));
  EXPECT_THAT(csv, HasSubstr("10,um,50%,,lru,2.0,0.0,5.0,,,1048576,5,7,3,,0,0.0,,compute,true,\n"));
  const Json json = Json::parse(format_rows("lenet", two_rows(), CompareFormat::json));
  EXPECT_EQ(json["model"], "lenet");
  EXPECT_EQ(json["cells"][0]["reason"], "does not fit, by 3 | \"4\" GiB");
  EXPECT_TRUE(json["cells"][1]["fault_in_bytes"].is_null());
  EXPECT_EQ(json["cells"][1]["same_losses"], true);
}

}  // namespace
}  // namespace octrain::apps
