// Ops are timed where they run: on the device, behind the thread that enqueues them.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "cuda_cases.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

using std::chrono::milliseconds;

class EventTimerTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_cuda::reset();
    compute_ = make_stream();
    space_ = CudaCase{"Managed", Kind::managed}.make({{kBlockBytes}, 4 * kBlockBytes}, compute_.get());
    timer_ = space_->make_timer();
  }
  void TearDown() override {
    timer_.reset();
    space_.reset();
    compute_ = {};
    expect_clean_device();
  }
  void work(milliseconds time) {
    expect_launched(fake_cuda::launch(compute_.get(), {}, {}, [time] { std::this_thread::sleep_for(time); }));
  }
  void run(milliseconds stall, milliseconds time) {
    timer_->waits("op");
    work(stall);
    timer_->runs();
    work(time);
    timer_->done();
  }

  Stream compute_;
  std::unique_ptr<MemorySpace> space_;
  std::unique_ptr<OpTimer> timer_;
};

TEST_F(EventTimerTest, MeasuresWhatTheDeviceWaitsAndRuns) {
  const auto start = std::chrono::steady_clock::now();
  run(milliseconds(30), milliseconds(60));
  run(milliseconds(0), milliseconds(40));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(100)) << "nothing is waited for";
  const std::vector<OpTime> times = timer_->take();
  ASSERT_EQ(times.size(), 2U);
  EXPECT_GE(times[0].stall_ns, 29'000'000U);
  EXPECT_GE(times[0].run_ns, 59'000'000U);
  EXPECT_LT(times[1].stall_ns, 25'000'000U);
  EXPECT_GE(times[1].run_ns, 39'000'000U);
  EXPECT_TRUE(timer_->take().empty());
}

TEST_F(EventTimerTest, UsesItsEventsAgain) {
  for (int op = 0; op < 5; ++op) run(milliseconds(0), milliseconds(0));
  EXPECT_EQ(timer_->take().size(), 5U);
  const std::size_t events = fake_cuda::calls("cudaEventCreateWithFlags");
  for (int iteration = 0; iteration < 3; ++iteration) {
    for (int op = 0; op < 5; ++op) run(milliseconds(0), milliseconds(0));
    EXPECT_EQ(timer_->take().size(), 5U);
  }
  EXPECT_EQ(fake_cuda::calls("cudaEventCreateWithFlags"), events);
}

TEST_F(EventTimerTest, LeavesOutARunThatWasNeverDone) {
  run(milliseconds(0), milliseconds(0));
  timer_->waits("op");
  timer_->runs();
  run(milliseconds(0), milliseconds(20));
  timer_->waits("op");
  const std::vector<OpTime> times = timer_->take();
  ASSERT_EQ(times.size(), 2U);
  EXPECT_GE(times[1].run_ns, 19'000'000U);
}

TEST_F(EventTimerTest, MayDieWhileOpsRun) {
  run(milliseconds(0), milliseconds(50));
  timer_.reset();
}

TEST_F(EventTimerTest, SaysWhichCallFailed) {
  run(milliseconds(0), milliseconds(0));
  fake_cuda::fail_call(1, cudaErrorIllegalAddress, "cudaEventSynchronize");
  try {
    (void)timer_->take();
    FAIL() << "an error was swallowed";
  } catch (const CudaError& error) {
    EXPECT_EQ(error.code(), cudaErrorIllegalAddress);
  }
}

}  // namespace
}  // namespace octrain::runtime::cuda
