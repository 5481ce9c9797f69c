// Graphs: captured from a stream, instantiated, launched.
#include <utility>

#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

constexpr CallRules kOfCapture{.runs_when_failing = true, .ends_capture = true};

/// Keeps the graph under a handle of its own.
template <class Handle>
Handle keep(std::map<Handle, std::unique_ptr<Graph>>& graphs, std::vector<Work> work, std::size_t call) {
  auto made = std::make_unique<Graph>();
  made->work = std::move(work);
  made->call = call;
  const auto handle = reinterpret_cast<Handle>(made.get());
  graphs.emplace(handle, std::move(made));
  return handle;
}

/// Null for what is none; the violation noted if it was destroyed.
template <class Handle>
Graph* find(const Frame& frame, const std::map<Handle, std::unique_ptr<Graph>>& graphs, Handle handle) {
  const auto found = graphs.find(handle);
  if (found == graphs.end()) return nullptr;
  if (!found->second->destroyed) return found->second.get();
  frame.world.journal.violate(Defect::kUseAfterDestroy, frame.call, "the graph was destroyed");
  return nullptr;
}

cudaError_t destroy(const Frame& frame, Graph* graph) {
  if (graph == nullptr) return cudaErrorInvalidValue;
  if (const auto open = graph->uses.open_at(frame.world.host))
    frame.world.journal.violate(Defect::kDestroyInUse, frame.call,
                                "the host has not waited for " + frame.world.journal.describe(*open));
  (frame.failing ? graph->refused : graph->destroyed) = true;
  return cudaSuccess;
}

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

/// As if always in cudaStreamCaptureModeThreadLocal.
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return run_on_stream("cudaStreamBeginCapture", stream, [](const Frame&, Stream& found) {
    found.capture = std::make_unique<Capture>();
    found.capture->thread = std::this_thread::get_id();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return run_on_stream("cudaStreamIsCapturing", stream,
                       [&](const Frame&, Stream& found) {
                         *status = found.capture == nullptr ? cudaStreamCaptureStatusNone
                                   : found.capture->invalid ? cudaStreamCaptureStatusInvalidated
                                                            : cudaStreamCaptureStatusActive;
                         return cudaSuccess;
                       },
                       {.ends_capture = true});
}

/// Ends the capture even when it answers an error, but then there is no graph.
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return run_on_stream(
      "cudaStreamEndCapture", stream,
      [&](const Frame& frame, Stream& found) {
        *graph = nullptr;
        const auto capture = std::move(found.capture);
        if (capture == nullptr) return cudaErrorIllegalState;
        if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
        if (!frame.failing) *graph = keep(frame.world.graphs, std::move(capture->work), frame.call);
        return cudaSuccess;
      },
      kOfCapture);
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* graphExec, cudaGraph_t graph, unsigned long long) {
  return run_call("cudaGraphInstantiateWithFlags", [&](const Frame& frame) {
    const Graph* found = find(frame, frame.world.graphs, graph);
    if (found == nullptr) return cudaErrorInvalidValue;
    *graphExec = keep(frame.world.executable_graphs, found->work, frame.call);
    return cudaSuccess;
  });
}

/// All of it is one call: what its parts touch stands in one record.
cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream) {
  return run_on_stream("cudaGraphLaunch", stream, [&](const Frame& frame, Stream& found) {
    Graph* graph = find(frame, frame.world.executable_graphs, graphExec);
    if (graph == nullptr) return cudaErrorInvalidValue;
    for (const Work& work : graph->work) {
      if (const cudaError_t error = work(frame, found); error != cudaSuccess) return error;
    }
    graph->uses.add(frame.world.issue(found, frame.call).moment, frame.call);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return run_call(
      "cudaGraphDestroy",
      [&](const Frame& frame) { return destroy(frame, find(frame, frame.world.graphs, graph)); }, kGivesBack);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec) {
  return run_call(
      "cudaGraphExecDestroy",
      [&](const Frame& frame) {
        return destroy(frame, find(frame, frame.world.executable_graphs, graphExec));
      },
      kGivesBack);
}

}  // extern "C"
