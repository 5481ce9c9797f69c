#include "cuda/graph_recorder.h"

#include <stdexcept>
#include <vector>

#include "device_work.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

class GraphRecorderTest : public ::testing::Test {
 protected:
  void SetUp() override { restart(); }
  void TearDown() override {
    compute_ = {};
    expect_clean_device();
  }
  void restart() {
    compute_ = {};
    fake_cuda::reset();
    compute_ = make_stream();
  }

  void launch(int* counter) {
    check(fake_cuda::launch(compute_.get(), {}, {}, [counter] { ++*counter; }), "launch");
  }
  void wait() { check(cudaStreamSynchronize(compute_.get()), "cudaStreamSynchronize"); }

  Stream compute_;
};

TEST_F(GraphRecorderTest, RecordsOnceAndReplaysAsOftenAsItIsAsked) {
  int first = 0, second = 0;
  const auto recording = GraphRecorder(compute_.get()).record([&] {
    launch(&first);
    launch(&second);
    launch(&second);
  });
  ASSERT_NE(recording, nullptr);
  wait();
  EXPECT_EQ(first, 0);
  for (int i = 0; i < 3; ++i) recording->replay();
  wait();
  EXPECT_EQ(first, 3);
  EXPECT_EQ(second, 6);
  EXPECT_EQ(fake_cuda::calls("cudaGraphLaunch"), 3U);
}

TEST_F(GraphRecorderTest, WaitsForWhatIsUnderWayBeforeItGoes) {
  int runs = 0;
  {
    const auto recording = GraphRecorder(compute_.get()).record([&] { launch(&runs); });
    recording->replay();
  }
  EXPECT_EQ(runs, 1);
}

TEST_F(GraphRecorderTest, RefusesWhatCannotBeRecorded) {
  int runs = 0;
  GraphRecorder recorder(compute_.get());
  EXPECT_EQ(recorder.record([&] {
    launch(&runs);
    wait();
  }),
            nullptr);
  launch(&runs);  // the stream is as it was
  wait();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(GraphRecorderTest, TellsWhatTheOpsThrow) {
  GraphRecorder recorder(compute_.get());
  EXPECT_THROW((void)recorder.record([] { throw std::logic_error("an op"); }), std::logic_error);
  wait();
}

TEST_F(GraphRecorderTest, WhateverCallFailsTheOpsAreToldOrCanBeRunOtherwise) {
  std::size_t call = 1;
  for (bool pending = false; !pending; ++call) {
    restart();
    int runs = 0;
    fake_cuda::fail_call(call, cudaErrorUnknown);
    try {
      const auto recording = GraphRecorder(compute_.get()).record([&] { launch(&runs); });
      if (recording != nullptr) recording->replay();
    } catch (const CudaError& error) {
      EXPECT_EQ(error.code(), cudaErrorUnknown) << error.what();
    }
    pending = fake_cuda::failure_pending();
    fake_cuda::fail_call(1, cudaSuccess);
    (void)cudaStreamQuery(compute_.get());
    launch(&runs);
    wait();
    EXPECT_GE(runs, 1);
    compute_ = {};
    expect_clean_device();
  }
  EXPECT_GT(call, 8U) << "begin, launch, query, end, instantiate, destroy, launch, synchronize, destroy";
}

}  // namespace
}  // namespace octrain::runtime::cuda
