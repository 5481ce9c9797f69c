// What goes wrong outside the program is refused in one line, with the exit code that says whose matter it
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>

#include "apps/program.h"
#include "octrain/runtime/host/host_space.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A training that needs the file tier.
Arguments on_file_tier(const std::string& directory) {
  return {"--model",      "lenet", "--batch", "64",   "--mode",     "explicit",
          "--iterations", "1",     "--tier",  "file", "--tier-dir", directory};
}

void expect_refused(const Arguments& arguments, int exit_code, const std::string& text) {
  const Outcome outcome = run_octrain(arguments);
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_THAT(outcome.error_line(), StartsWith("octrain: "));
  EXPECT_THAT(outcome.error_line(), HasSubstr(text));
}

TEST(Faults, TierDirectoryThatIsNotThere) {
  expect_refused(on_file_tier("/var/tmp/octrain/none"), 4, "/var/tmp/octrain/none");
}

TEST(Faults, TierDirectoryThatCannotBeWritten) { expect_refused(on_file_tier("/proc"), 4, "/proc"); }

TEST(Faults, TierThatIsTooSmall) {
  // vgg16 needs about 120 MiB an image; the space is refused before any of it is taken.
  const std::uint64_t free_bytes = runtime::host::disk_space("/var/tmp").free_bytes;
  const std::uint64_t batch = 2 * free_bytes / (std::uint64_t{120} << 20);
  if (batch > 20'000) GTEST_SKIP() << "the disk has room for everything";
  const Outcome outcome =
      run_octrain({"--model", "vgg16", "--batch", std::to_string(batch), "--mode", "um-naive", "--iterations",
                   "1", "--device-memory", "2GiB", "--tier", "file", "--tier-dir", "/var/tmp"});
  EXPECT_THAT(outcome.exit_code, ::testing::AnyOf(4, 5)) << outcome.err;
  EXPECT_THAT(outcome.error_line(), HasSubstr("/var/tmp"));
}

TEST(Faults, BudgetBelowTheLargestOp) {
  for (const char* mode : {"um", "um-naive", "explicit"}) {
    expect_refused(
        {"--model", "vgg11", "--batch", "4", "--image-size", "64", "--mode", mode, "--device-memory", "8MiB"},
        5, "short");
  }
}

TEST(Faults, InCoreThatDoesNotFit) {
  expect_refused({"--model", "lenet", "--batch", "64", "--mode", "incore", "--device-memory", "4MiB"}, 5,
                 "short");
}

TEST(Faults, UserfaultfdRefused) {
  const Arguments lenet = {"--model", "lenet", "--batch", "8", "--iterations", "1"};
  for (const char* mode : {"um", "um-naive", "explicit", "incore"}) {
    Arguments arguments = lenet;
    arguments.insert(arguments.end(), {"--mode", mode});
    const Outcome outcome = run_octrain(arguments, WITHOUT_USERFAULTFD);
    if (std::string(mode).starts_with("um")) {
      EXPECT_EQ(outcome.exit_code, 4) << mode << outcome.err;
      EXPECT_THAT(outcome.error_line(), HasSubstr("vm.unprivileged_userfaultfd"));
      EXPECT_THAT(outcome.error_line(), HasSubstr("--mode explicit"));
    } else {
      EXPECT_EQ(outcome.exit_code, 0) << mode << outcome.err;
    }
  }
}

TEST(Faults, DivergedLoss) {
  const Outcome outcome = run_octrain({"--model", "lenet", "--batch", "8", "--mode", "incore", "--iterations",
                                       "50", "--lr", "1e20", "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 6) << outcome.err;
  EXPECT_THAT(outcome.error_line(), HasSubstr("loss"));
  EXPECT_FALSE(outcome.json()["iterations"].empty()) << "what was done until then is reported";
}

TEST(Faults, DataThatIsNotThere) {
  expect_refused({"--model", "lenet", "--batch", "8", "--data", "/var/tmp/octrain/none"}, 3,
                 "/var/tmp/octrain/none");
}

TEST(Faults, TruncatedData) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "train-images-idx3-ubyte", std::ios::binary)
      << std::string("\0\0\x08\x03\0\0\0\x10\0\0\0\x1c\0\0\0\x1c", 16) << std::string(1000, 'x');
  std::ofstream(directory / "train-labels-idx1-ubyte", std::ios::binary)
      << std::string("\0\0\x08\x01\0\0\0\x10", 8) << std::string(16, '\1');
  expect_refused({"--model", "lenet", "--batch", "8", "--data", (directory / "").string()}, 3,
                 "train-images-idx3-ubyte");
}

TEST(Faults, DamagedSnapshot) {
  const TemporaryDirectory directory;
  const std::string prefix = directory / "run";
  const Arguments train = {"--model", "lenet",        "--batch", "8",          "--mode",
                           "incore",  "--iterations", "2",       "--snapshot", prefix};
  ASSERT_EQ(run_octrain(train).exit_code, 0);
  const std::filesystem::path snapshot = prefix + "_iter_2.octsnap";
  ASSERT_TRUE(std::filesystem::exists(snapshot));
  std::filesystem::resize_file(snapshot, std::filesystem::file_size(snapshot) / 2);
  expect_refused(
      {"--model", "lenet", "--batch", "8", "--mode", "incore", "--iterations", "3", "--resume", snapshot}, 3,
      snapshot);
}

TEST(Faults, JsonThatCannotBeWritten) {
  expect_refused({"--model", "lenet", "--batch", "8", "--mode", "incore", "--iterations", "1", "--json",
                  "/var/tmp/octrain/none/x.json"},
                 4, "/var/tmp/octrain/none/x.json");
}

}  // namespace
}  // namespace octrain::testing
