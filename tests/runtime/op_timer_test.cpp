#include "octrain/runtime/op_timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace octrain::runtime {
namespace {

constexpr std::chrono::milliseconds kWait{3}, kRun{7};

TEST(ThreadTimer, TellsWaitingFromRunning) {
  const auto timer = make_thread_timer();
  for (int run = 0; run < 2; ++run) {
    timer->waits("op");
    std::this_thread::sleep_for(kWait);
    timer->runs();
    std::this_thread::sleep_for(kRun);
    timer->done();
    std::this_thread::sleep_for(kRun);  // between ops: nobody's
  }
  const std::vector<OpTime> times = timer->take();
  ASSERT_EQ(times.size(), 2u);
  for (const OpTime& time : times) {
    EXPECT_GE(time.stall_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(kWait).count()));
    EXPECT_GE(time.run_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(kRun).count()));
  }
}

TEST(ThreadTimer, ForgetsWhatWasTaken) {
  const auto timer = make_thread_timer();
  timer->waits("op");
  timer->runs();
  timer->done();
  EXPECT_EQ(timer->take().size(), 1u);
  EXPECT_TRUE(timer->take().empty());
}

}  // namespace
}  // namespace octrain::runtime
