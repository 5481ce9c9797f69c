#include "recompute/pass_window.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "octrain/advisor/bounds.h"
#include "support/random_training.h"
#include "support/repeated_schedule.h"

namespace octrain::advisor {
namespace {

/// The same from the whole schedule, written out with the reruns.
std::uint64_t peak_within(const Schedule& schedule, const Pass& pass, const std::vector<Rerun>& reruns) {
  const std::vector<std::uint64_t> live = live_bytes(expand(schedule, reruns).schedule);
  const auto behind = static_cast<std::ptrdiff_t>(pass.end + reruns.size());
  return *std::max_element(live.begin() + pass.first, live.begin() + behind);
}

/// Some that are valid, of ops of the pass and before ops of the pass.
std::vector<Rerun> some_reruns(testing::RandomTraining& random, const Schedule& schedule, const Pass& pass) {
  const std::vector<OpIndex> last = last_reruns(schedule);
  std::vector<Rerun> reruns;
  for (OpIndex op = pass.first; op < pass.turn; ++op) {
    const OpIndex latest = std::min(last[op], pass.end - 1);
    if (latest > op && random.below(2) == 0) reruns.push_back({op + 1 + random.below(latest - op), op});
  }
  return reruns;
}

TEST(PassWindow, SeesWhatTheWholeScheduleShows) {
  std::size_t compared = 0, raised = 0;
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::RandomTraining random(seed);
    const Schedule schedule = testing::repeated_schedule(random.make(8, 2), 3);
    const Liveness liveness(schedule);
    const std::vector<std::uint64_t> live = live_bytes(schedule);
    for (const Pass& pass : list_passes(schedule)) {
      const PassWindow window(schedule, liveness, live, pass);
      const std::uint64_t plain_bytes = window.peak_bytes({});
      EXPECT_EQ(plain_bytes, *std::max_element(live.begin() + pass.first, live.begin() + pass.end));
      for (int i = 0; i < 5; ++i) {
        const std::vector<Rerun> reruns = some_reruns(random, schedule, pass);
        const std::uint64_t bytes = window.peak_bytes(reruns);
        EXPECT_EQ(bytes, peak_within(schedule, pass, reruns));
        raised += bytes != plain_bytes;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 1000u);
  EXPECT_GT(raised, 300u) << "reruns make a difference";
}

}  // namespace
}  // namespace octrain::advisor
