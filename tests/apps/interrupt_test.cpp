// Interrupted trainings leave a snapshot and go on from it as if nothing had been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

Arguments lenet(const Arguments& more) {
  return Arguments{"--model", "lenet", "--batch", "16", "--mode", "incore", "--json", "-"} + more;
}

/// The resumed run's losses are the last of those of a run that nobody interrupted.
void expect_same_tail(const std::vector<double>& resumed, const std::vector<double>& whole) {
  ASSERT_LT(resumed.size(), whole.size());
  EXPECT_EQ(resumed,
            std::vector<double>(whole.end() - static_cast<std::ptrdiff_t>(resumed.size()), whole.end()));
}

class Interrupts : public ::testing::TestWithParam<int> {};

TEST_P(Interrupts, SnapshotThenResumeContinuesBitForBit) {
  const TemporaryDirectory directory;
  const std::string prefix = directory / "run";
  RunningOctrain running(
      lenet({"--iterations", "1000000", "--snapshot", prefix, "--snapshot-interval", "3"}));
  ASSERT_TRUE(running.wait_until([&] { return last_snapshot(prefix) >= 3; }, std::chrono::seconds(60)));
  running.signal(GetParam());
  const Outcome interrupted = running.wait();
  ASSERT_EQ(interrupted.exit_code, 128 + GetParam()) << interrupted.err;
  EXPECT_THAT(interrupted.err, HasSubstr("snapshot"));
  const std::size_t done = interrupted.json()["iterations"].size();

  const std::string iterations = std::to_string(done + 4);
  const Outcome resumed =
      run_octrain(lenet({"--iterations", iterations, "--snapshot", prefix, "--resume", "auto"}));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(losses(resumed.json()).size(), 4u);
  EXPECT_EQ(resumed.json()["iterations"][0]["iteration"], done);
  expect_same_tail(losses(resumed.json()), losses(run_octrain(lenet({"--iterations", iterations})).json()));
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupts, ::testing::Values(SIGINT, SIGTERM));

TEST(Resume, AnotherModeAndBudgetGoOnWithTheSameNumbers) {
  const TemporaryDirectory directory;
  const std::string prefix = directory / "run";
  ASSERT_EQ(run_octrain(lenet({"--iterations", "3", "--snapshot", prefix})).exit_code, 0);
  const Outcome resumed =
      run_octrain({"--model", "lenet", "--batch", "16", "--mode", "explicit", "--iterations", "6", "--resume",
                   prefix + "_iter_3.octsnap", "--json", "-"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_same_tail(losses(resumed.json()), losses(run_octrain(lenet({"--iterations", "6"})).json()));
}

TEST(Resume, SurvivesBeingKilledWhileSnapshotsAreWritten) {
  const TemporaryDirectory directory;
  const std::string prefix = directory / "run";
  for (int kill = 0; kill < 5; ++kill) {
    const std::uint64_t enough = last_snapshot(prefix) + 3;
    RunningOctrain running(lenet(
        {"--iterations", "1000000", "--snapshot", prefix, "--snapshot-interval", "1", "--resume", "auto"}));
    ASSERT_TRUE(
        running.wait_until([&] { return last_snapshot(prefix) >= enough; }, std::chrono::seconds(60)));
    std::this_thread::sleep_for(std::chrono::milliseconds(7 * kill));
    running.signal(SIGKILL);
    ASSERT_EQ(running.wait().exit_code, 128 + SIGKILL);
  }
  const std::string iterations = std::to_string(last_snapshot(prefix) + 2);
  const Outcome resumed =
      run_octrain(lenet({"--iterations", iterations, "--snapshot", prefix, "--resume", "auto"}));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_same_tail(losses(resumed.json()), losses(run_octrain(lenet({"--iterations", iterations})).json()));
}

}  // namespace
}  // namespace octrain::testing
