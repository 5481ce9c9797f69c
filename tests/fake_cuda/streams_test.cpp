#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeStreams = FakeCuda;

TEST_F(FakeStreams, WorkOfAStreamRunsInOrder) {
  std::vector<int> order;
  const cudaStream_t one = stream();
  for (int i = 0; i < 20; ++i) launch(one, {}, {}, [&order, i] { order.push_back(i); });
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  std::vector<int> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST_F(FakeStreams, IndependentStreamsRunAtTheSameTime) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  Flag later;
  // Ends only if what was launched behind it, on another stream, runs before it ends.
  launch(one, {}, {}, [&] { later.wait(); });
  launch(other, {}, {}, [&] { later.raise(); });
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

TEST_F(FakeStreams, IndependentStreamsRunInEitherOrder) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  std::set<int> first_seen;
  for (int round = 0; round < 1000 && first_seen.size() < 2; ++round) {
    std::atomic<int> first = 0;
    const auto arrive = [&first](int who) {
      int nobody = 0;
      first.compare_exchange_strong(nobody, who);
    };
    launch(one, {}, {}, [&] { arrive(1); });
    launch(other, {}, {}, [&] { arrive(2); });
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    first_seen.insert(first);
  }
  EXPECT_EQ(first_seen, (std::set<int>{1, 2}));
}

TEST_F(FakeStreams, WorkIsDelayedAsAsked) {
  const auto time_of_twenty = [this] {
    const cudaStream_t one = stream();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) launch(one, {}, {}, [] {});
    EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
    return std::chrono::steady_clock::now() - start;
  };
  restart({.longest_delay = std::chrono::milliseconds(10)});
  EXPECT_GE(time_of_twenty(), std::chrono::milliseconds(20));  // on average half of them, half as long: 50
}

TEST_F(FakeStreams, AnEventOrdersThem) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  int value = 0;  // a plain one: the thread sanitizer watches too
  for (int round = 1; round <= 50; ++round) {
    launch(one, {}, {}, [&value, round] { value = round; });
    order(one, other);
    launch(other, {}, {}, [&value, round] { EXPECT_EQ(value, round); });
    order(other, one);
  }
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(value, 50);
}

TEST_F(FakeStreams, WaitingForAnEventMeansItsLastRecord) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  const cudaEvent_t edge = event();
  EXPECT_EQ(cudaEventRecord(edge, one), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(other, edge, 0), cudaSuccess);
  Flag gate;
  launch(one, {}, {}, [&] { gate.wait(); });
  EXPECT_EQ(cudaEventRecord(edge, one), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);  // behind the first record, not behind the gate
  EXPECT_EQ(cudaEventQuery(edge), cudaErrorNotReady);
  gate.raise();
  EXPECT_EQ(cudaEventSynchronize(edge), cudaSuccess);
}

TEST_F(FakeStreams, AnEventThatWasNeverRecordedHoldsNobodyUp) {
  const cudaStream_t one = stream();
  const cudaEvent_t never = event();
  EXPECT_EQ(cudaStreamWaitEvent(one, never, 0), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(never), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(never), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
}

TEST_F(FakeStreams, QueriesSayWhetherWorkIsDone) {
  const cudaStream_t one = stream();
  const cudaEvent_t mark = event();
  Flag gate;
  launch(one, {}, {}, [&] { gate.wait(); });
  EXPECT_EQ(cudaEventRecord(mark, one), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(one), cudaErrorNotReady);
  EXPECT_EQ(cudaEventQuery(mark), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // "not ready" is no error
  gate.raise();
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(one), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(mark), cudaSuccess);
}

TEST_F(FakeStreams, EventsTellTheTimeBetweenThem) {
  const cudaStream_t one = stream();
  const cudaEvent_t start = event(cudaEventDefault);
  const cudaEvent_t end = event(cudaEventDefault);
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaErrorInvalidResourceHandle);  // never recorded
  EXPECT_EQ(cudaEventRecord(start, one), cudaSuccess);
  Flag gate;
  launch(one, {}, {}, [&] {
    gate.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  EXPECT_EQ(cudaEventRecord(end, one), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaErrorNotReady);
  gate.raise();
  EXPECT_EQ(cudaEventSynchronize(end), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, end), cudaSuccess);
  EXPECT_GE(ms, 5.0F);
  const cudaEvent_t untimed = event(cudaEventDisableTiming);
  EXPECT_EQ(cudaEventRecord(untimed, one), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(untimed), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, untimed), cudaErrorInvalidResourceHandle);
}

TEST_F(FakeStreams, HostFunctionsRunInTheirStreamsOrder) {
  const cudaStream_t one = stream();
  std::vector<int> order;
  launch(one, {}, {}, [&] { order.push_back(1); });
  const auto push = [](void* list) { static_cast<std::vector<int>*>(list)->push_back(2); };
  EXPECT_EQ(cudaLaunchHostFunc(one, push, &order), cudaSuccess);
  launch(one, {}, {}, [&] { order.push_back(3); });
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(FakeStreams, AHostFunctionMayCallNothing) {
  const cudaStream_t one = stream();
  EXPECT_EQ(cudaLaunchHostFunc(
                one, [](void*) { EXPECT_EQ(cudaSetDevice(0), cudaErrorNotPermitted); }, nullptr),
            cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  expect(Defect::kCallFromStream);
}

TEST_F(FakeStreams, TheNullStreamIsNotThere) {
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorNotSupported);
  EXPECT_EQ(cudaStreamSynchronize(cudaStreamPerThread), cudaErrorNotSupported);
  EXPECT_EQ(launch(nullptr, {}, {}, [] {}), cudaErrorNotSupported);
}

TEST_F(FakeStreams, PrioritiesAreTakenForTheNearest) {
  int least = -1;
  int greatest = 1;
  EXPECT_EQ(cudaDeviceGetStreamPriorityRange(&least, &greatest), cudaSuccess);
  EXPECT_EQ(least, 0);
  EXPECT_LT(greatest, least);
  cudaStream_t urgent = nullptr;
  EXPECT_EQ(cudaStreamCreateWithPriority(&urgent, cudaStreamNonBlocking, greatest - 7), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(urgent), cudaSuccess);
}

TEST_F(FakeStreams, DestroyingWhatIsInUse) {
  cudaStream_t one = nullptr;
  cudaEvent_t mark = nullptr;
  EXPECT_EQ(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_EQ(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(mark, one), cudaSuccess);
  wait_unseen(one);  // that the work is over, as it happens, makes no difference
  EXPECT_EQ(cudaEventDestroy(mark), cudaSuccess);
  expect(Defect::kDestroyInUse);
  EXPECT_EQ(cudaStreamDestroy(one), cudaSuccess);
  expect(Defect::kDestroyInUse);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaErrorInvalidResourceHandle);
  expect(Defect::kUseAfterDestroy);
  EXPECT_EQ(cudaEventSynchronize(mark), cudaErrorInvalidResourceHandle);
  expect(Defect::kUseAfterDestroy);
}

TEST_F(FakeStreams, AnEventThatSomeoneWaitsForIsInUse) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  cudaEvent_t mark = nullptr;
  EXPECT_EQ(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(mark, one), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(other, mark, 0), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(mark), cudaSuccess);
  expect(Defect::kDestroyInUse);
  EXPECT_THAT(first_violation(), testing::HasSubstr("cudaStreamWaitEvent"));
}

TEST_F(FakeStreams, ResetWaitsForAllWork) {
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i) {
    cudaStream_t one = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking), cudaSuccess);
    for (int j = 0; j < 10; ++j)
      EXPECT_EQ(cudaLaunchHostFunc(
                    one, [](void* count) { ++*static_cast<std::atomic<int>*>(count); }, &done),
                cudaSuccess);
  }
  EXPECT_EQ(leaks().size(), 4U);
  reset();
  EXPECT_EQ(done, 40);
  EXPECT_EQ(calls(), 0U);
}

}  // namespace
}  // namespace octrain::fake_cuda
