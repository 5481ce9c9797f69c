// The line that tells where a training stands: what is said at which width.
#include "progress_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {
namespace {

using runtime::kGiB;
using runtime::kMiB;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kAnyWidth = 1000;

Standing standing() {
  return {.at = 12,
          .of = 100,
          .ops_done = 34,
          .ops = 120,
          .last = LastIteration{.loss = 2.3012,
                                .images_per_second = 25.3,
                                .stall_seconds = 0.012,
                                .in_bytes_per_second = 1.25 * kGiB,
                                .out_bytes_per_second = 0.5 * kGiB,
                                .faults = 7},
          .remaining_seconds = 200,
          .resident_bytes = kGiB,
          .peak_bytes = 3 * kGiB / 2};
}

TEST(ProgressText, SaysEverythingWhereThereIsRoom) {
  EXPECT_EQ(
      progress_text(standing(), kAnyWidth),
      "iteration 12/100  op 34/120  loss 2.3012  25.3 images/s  ETA 3 min 20 s  resident 1.00 (peak 1.50) "
      "GiB  in 1.25 GiB/s out 0.50 GiB/s  faults 7  stalled 12 ms");
}

TEST(ProgressText, HasAllFiguresInAHundredAndTwentyColumns) {
  const std::string line = progress_text(standing(), 119);
  EXPECT_EQ(line,
            "iteration 12/100  loss 2.3012  25.3 images/s  ETA 3 min 20 s  resident 1.00/1.50 GiB  in 1.25 "
            "out 0.50 "
            "GiB/s  faults 7");
}

TEST(ProgressText, HasWhatMattersMostInSixtyColumns) {
  EXPECT_EQ(progress_text(standing(), 59), "12/100  loss 2.3012  25.3 img/s  ETA 3 min 20 s");
}

TEST(ProgressText, IsNeverTooWide) {
  for (std::size_t columns = 0; columns <= 200; ++columns)
    EXPECT_LE(width(progress_text(standing(), columns)), columns);
  EXPECT_EQ(progress_text(standing(), 3), "12/");
}

TEST(ProgressText, SaysThatNobodyMeasuresFaults) {
  Standing unmeasured = standing();
  unmeasured.last->faults.reset();
  EXPECT_THAT(progress_text(unmeasured, kAnyWidth), HasSubstr("faults not measured"));
}

TEST(ProgressText, OfTheFirstIterationExpects) {
  Standing first = standing();
  first.last.reset();
  first.expected_images_per_second = 20;
  first.peak_bytes = 0;
  const std::string line = progress_text(first, kAnyWidth);
  EXPECT_THAT(line, HasSubstr("20.0 images/s"));
  EXPECT_THAT(line, HasSubstr("resident 1.00 (peak 1.00) GiB")) << "it has been no less";
  EXPECT_THAT(line, Not(HasSubstr("loss")));
  EXPECT_THAT(line, Not(HasSubstr("faults")));
}

TEST(ProgressText, OfATestNamesItsBatch) {
  Standing test = standing();
  test.testing = true;
  test.of = 0;
  test.remaining_seconds.reset();
  EXPECT_THAT(progress_text(test, kAnyWidth), testing::StartsWith("test batch 12  op 34/120  loss"));
  EXPECT_THAT(progress_text(test, 59), testing::StartsWith("test 12  loss"));
  EXPECT_THAT(progress_text(test, kAnyWidth), Not(HasSubstr("ETA")));
}

TEST(ProgressText, OfLittleMemoryCountsInMebibytes) {
  Standing small = standing();
  small.resident_bytes = small.peak_bytes = 6 * kMiB;
  EXPECT_THAT(progress_text(small, kAnyWidth), HasSubstr("resident 6.0 (peak 6.0) MiB"));
}

TEST(CutTo, CountsColumnsNotBytes) {
  EXPECT_EQ(cut_to("a×b", 2), "a×");
  EXPECT_EQ(cut_to("a×b", 1), "a");
  EXPECT_EQ(cut_to("a×b", 3), "a×b");
  EXPECT_EQ(cut_to("a×b", 9), "a×b");
  EXPECT_EQ(cut_to("ab", 0), "");
}

}  // namespace
}  // namespace octrain::apps
