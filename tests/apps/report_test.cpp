// The account of a training: of what nobody measured there is no figure.
#include "report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace octrain::apps {
namespace {

using testing::HasSubstr;
using testing::Not;

TrainReport report_of(const runtime::MemoryCounters& memory) {
  RunFacts facts;
  facts.device_memory_bytes = 1;
  TrainReport report(facts);
  runtime::IterationRecord record;
  record.metrics.memory = memory;
  report.add(record);
  return report;
}

nlohmann::ordered_json row_of(const TrainReport& report) { return report.json()["iterations"][0]; }

constexpr const char* kFields[] = {"faults", "fault_in_bytes", "driver_evicted_bytes"};

TEST(Report, OfMemoryThatCountsItsFaultsHasThem) {
  const TrainReport report =
      report_of({.faults = 3, .fault_in_bytes = 4096, .driver_evicted_bytes = 512, .driver = {}});
  EXPECT_EQ(row_of(report)["faults"], 3);
  EXPECT_EQ(row_of(report)["fault_in_bytes"], 4096);
  EXPECT_EQ(row_of(report)["driver_evicted_bytes"], 512);
  EXPECT_FALSE(row_of(report).contains("driver"));
  EXPECT_FALSE(row_of(report).contains("evicted_for_room_bytes"));
  EXPECT_THAT(report.text(), Not(HasSubstr("not measured")));
}

TEST(Report, OfADriverThatNobodyMeasuresSaysSo) {
  const TrainReport report =
      report_of({.faults = 3, .driver_evicted_bytes = 512, .driver_moves = true, .driver = {}});
  for (const char* field : kFields) EXPECT_TRUE(row_of(report).at(field).is_null()) << field;
  EXPECT_EQ(row_of(report)["evicted_for_room_bytes"], 512) << "that is the space's own affair";
  EXPECT_FALSE(row_of(report).contains("driver"));
  EXPECT_THAT(report.text(), HasSubstr("not measured"));
}

TEST(Report, OfADriverThatIsMeasuredHasItsFigures) {
  const runtime::DriverCounters driver{.fault_groups = 7,
                                       .demand_in_bytes = 10,
                                       .speculative_in_bytes = 20,
                                       .prefetch_in_bytes = 5,
                                       .other_in_bytes = 30,
                                       .evicted_bytes = 8,
                                       .thrashings = 2};
  const TrainReport report =
      report_of({.faults = 3, .driver_evicted_bytes = 512, .driver_moves = true, .driver = driver});
  EXPECT_EQ(row_of(report)["faults"], 7);
  EXPECT_EQ(row_of(report)["fault_in_bytes"], 60);
  EXPECT_EQ(row_of(report)["driver_evicted_bytes"], 8);
  EXPECT_EQ(row_of(report)["driver"]["prefetch_in_bytes"], 5);
  EXPECT_EQ(row_of(report)["driver"]["thrashings"], 2);
}

}  // namespace
}  // namespace octrain::apps
