#include <thread>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

class FakeGraphs : public FakeCuda {
 protected:
  /// Null where there is none to be had.
  static cudaGraph_t end(cudaStream_t stream, cudaError_t expected = cudaSuccess) {
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), expected);
    return graph;
  }
  static void begin(cudaStream_t stream) {
    EXPECT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  }
  static cudaGraphExec_t executable(cudaGraph_t graph) {
    cudaGraphExec_t executable = nullptr;
    EXPECT_EQ(cudaGraphInstantiateWithFlags(&executable, graph, 0), cudaSuccess);
    return executable;
  }
  static cudaStreamCaptureStatus status(cudaStream_t stream) {
    cudaStreamCaptureStatus status{};
    EXPECT_EQ(cudaStreamIsCapturing(stream, &status), cudaSuccess);
    return status;
  }
};

TEST_F(FakeGraphs, WhatIsCapturedRunsWhenTheGraphDoes) {
  const cudaStream_t one = stream();
  std::byte* const memory = device(64);
  std::byte* const copy = pinned(64);
  int runs = 0;
  begin(one);
  EXPECT_EQ(status(one), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaMemsetAsync(memory, 7, 64, one), cudaSuccess);
  EXPECT_EQ(launch(
                one, {{memory, 64}}, {}, [&] { ++runs; }, "kernel"),
            cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(copy, memory, 64, cudaMemcpyDeviceToHost, one), cudaSuccess);
  const cudaGraph_t graph = end(one);
  EXPECT_EQ(status(one), cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(runs, 0);

  const cudaGraphExec_t all = executable(graph);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  for (int launches = 1; launches <= 2; ++launches) {
    EXPECT_EQ(cudaGraphLaunch(all, one), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
    EXPECT_EQ(runs, launches);
  }
  EXPECT_EQ(copy[63], std::byte{7});
  EXPECT_EQ(cudaGraphExecDestroy(all), cudaSuccess);
}

TEST_F(FakeGraphs, WhatAGraphTouchesIsAccountedFor) {
  const cudaStream_t one = stream(), other = stream();
  std::byte* const memory = device(64);
  begin(one);
  write(memory, 64, one);
  const cudaGraph_t graph = end(one);
  const cudaGraphExec_t all = executable(graph);
  EXPECT_EQ(cudaGraphLaunch(all, one), cudaSuccess);
  read(memory, 64, other);
  expect(Defect::kMissingOrder);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(all), cudaSuccess);
}

TEST_F(FakeGraphs, CallsThatCannotBeCapturedBreakTheCapture) {
  const cudaStream_t one = stream();
  void* memory = nullptr;
  const std::vector<std::function<cudaError_t()>> calls{
      [&] { return cudaStreamSynchronize(one); }, [&] { return cudaEventRecord(event(), one); },
      [&] { return cudaMalloc(&memory, 64); }, [] { return cudaDeviceSynchronize(); }};
  for (const auto& call : calls) {
    begin(one);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(status(one), cudaStreamCaptureStatusInvalidated);
    EXPECT_EQ(launch(one, {}, {}, [] {}), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(end(one, cudaErrorStreamCaptureInvalidated), nullptr);
    EXPECT_EQ(launch(one, {}, {}, [] {}), cudaSuccess);
  }
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
}

TEST_F(FakeGraphs, OtherThreadsAndStreamsGoOn) {
  const cudaStream_t one = stream(), other = stream();
  begin(one);
  EXPECT_EQ(launch(other, {}, {}, [] {}), cudaSuccess);
  std::thread([&] {
    device(64);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }).join();
  EXPECT_EQ(status(one), cudaStreamCaptureStatusActive);
  EXPECT_EQ(cudaGraphDestroy(end(one)), cudaSuccess);
}

TEST_F(FakeGraphs, AreNotToBeDestroyedWhileTheyRun) {
  const cudaStream_t one = stream();
  begin(one);
  EXPECT_EQ(launch(one, {}, {}, [] {}), cudaSuccess);
  const cudaGraph_t graph = end(one);
  const cudaGraphExec_t all = executable(graph);
  EXPECT_EQ(cudaGraphLaunch(all, one), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(all), cudaSuccess);
  expect(Defect::kDestroyInUse);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(all, one), cudaErrorInvalidValue);
  expect(Defect::kUseAfterDestroy);
  EXPECT_EQ(leaks().size(), 2U);  // the stream, which the fixture gives back, and the graph
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

}  // namespace
}  // namespace octrain::fake_cuda
