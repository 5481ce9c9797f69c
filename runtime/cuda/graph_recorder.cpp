#include "cuda/graph_recorder.h"

#include <exception>
#include <utility>

#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

class GraphRecording final : public OpRecording {
 public:
  GraphRecording(ExecutableGraph graph, cudaStream_t compute) : graph_(std::move(graph)), compute_(compute) {}
  ~GraphRecording() override {
    if (cudaStreamSynchronize(compute_) != cudaSuccess) static_cast<void>(cudaGetLastError());
  }
  void replay() override { check(cudaGraphLaunch(graph_.get(), compute_), "cudaGraphLaunch"); }

 private:
  ExecutableGraph graph_;
  cudaStream_t compute_;
};

/// False once a call that cannot be captured has made the capture invalid.
bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  if (cudaStreamIsCapturing(stream, &status) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return status == cudaStreamCaptureStatusActive;
}

/// Null for a capture that some call has made invalid; the error of that is nobody's.
Graph end_capture(cudaStream_t stream) {
  cudaGraph_t graph = nullptr;
  if (cudaStreamEndCapture(stream, &graph) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return Graph(graph);
}

}  // namespace

std::unique_ptr<OpRecording> GraphRecorder::record(const std::function<void()>& ops) {
  check(cudaStreamBeginCapture(compute_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  std::exception_ptr failure;
  try {
    ops();
  } catch (...) {
    failure = std::current_exception();
  }
  const bool captured = is_capturing(compute_);
  const Graph graph = end_capture(compute_);
  if (!captured || !graph) return nullptr;  // and so an op that failed only for the capture is tried outside
  if (failure) std::rethrow_exception(failure);
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiateWithFlags(&executable, graph.get(), 0), "cudaGraphInstantiateWithFlags");
  return std::make_unique<GraphRecording>(ExecutableGraph(executable), compute_);
}

}  // namespace octrain::runtime::cuda
