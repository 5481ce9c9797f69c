// Records ops as CUDA graphs, by capturing the compute stream.
//
// Capture sees only what this thread gives to the stream (cudaStreamCaptureModeThreadLocal): other threads
// may go on with calls of any kind.
#pragma once

#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/op_recorder.h"

namespace octrain::runtime::cuda {

class GraphRecorder final : public OpRecorder {
 public:
  explicit GraphRecorder(cudaStream_t compute) : compute_(compute) {}
  /// Throws CudaError, and what `ops` throws.
  [[nodiscard]] std::unique_ptr<OpRecording> record(const std::function<void()>& ops) override;

 private:
  cudaStream_t compute_;
};

}  // namespace octrain::runtime::cuda
