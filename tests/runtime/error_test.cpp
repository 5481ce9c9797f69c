#include "octrain/runtime/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace octrain::runtime {
namespace {

using testing::HasSubstr;

TEST(Errors, IoErrorEndsWithTheSystemsWords) {
  const IoError error("cannot open /nowhere", ENOENT);
  EXPECT_STREQ(error.what(), "cannot open /nowhere: No such file or directory");
  EXPECT_EQ(error.error_number(), ENOENT);
  EXPECT_EQ(error.exit_code(), kExitDevice);
}

TEST(Errors, OutOfDeviceMemoryTellsTheShortfall) {
  const OutOfDeviceMemory error("the model takes 3.00 GiB", 1024 * 1024);
  EXPECT_THAT(error.what(), HasSubstr("1.0 MiB, 1048576 bytes, too few"));
  EXPECT_EQ(error.shortfall_bytes(), 1024U * 1024U);
  EXPECT_EQ(error.exit_code(), kExitDoesNotFit);
}

TEST(Errors, EachKindHasItsExitCode) {
  EXPECT_EQ(UsageError("").exit_code(), kExitUsage);
  EXPECT_EQ(BadInput("").exit_code(), kExitBadInput);
  EXPECT_EQ(DeviceError("").exit_code(), kExitDevice);
  EXPECT_EQ(InvalidPlan("").exit_code(), kExitBadInput);
  EXPECT_EQ(Diverged("").exit_code(), kExitDiverged);
}

}  // namespace
}  // namespace octrain::runtime
