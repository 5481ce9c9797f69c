// The CUDA backend: kernels on one NVIDIA GPU, by cuDNN, cuBLAS, Thrust and a few of our own.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "octrain/layers/kernel.h"
#include "octrain/runtime/units.h"

namespace octrain::layers::cuda {

struct CudaBackendOptions {
  /// Of the device that is current when the backend is made, and stays so in the thread that runs ops. The
  /// caller's; it outlives the backend's kernels.
  cudaStream_t stream = nullptr;
  bool deterministic = true;  ///< false: convolutions may add in whatever order is fastest, another each time
  bool tf32 = false;          ///< products of 10-bit mantissas on tensor cores (compute capability 8 and up)
  /// Of blobs and their gradients (bfloat16: compute capability 8 and up). Products of 16 bits run on tensor
  /// cores and are added up in float32; parameters, their gradients and optimizer states stay float32. With
  /// float16 losses are to be scaled: updates leave alone what their gradient would spoil.
  ElementType element = ElementType::float32;
  /// What a convolution's algorithm may take. Schedules count it.
  std::uint64_t workspace_limit_bytes = 256 * runtime::kMiB;
  /// Where the algorithms that were measured to be fastest are kept, so that every later run takes the same
  /// and its losses are the same to the last bit. Made where it is missing; shared by all nets, cards and
  /// processes. Empty: nothing would remember a measurement, so nothing is measured and cuDNN's own rules
  /// choose. One that cannot be read is as if there were none; where it cannot be written, choices hold in
  /// this process only.
  std::filesystem::path tuning_file;
  /// Who is told of that, once at most: when the backend is made, or when nets are lowered for it.
  std::function<void(const std::string& what)> warn;
};

/// Throws DeviceError when the device, cuDNN or cuBLAS cannot be used, or not with this arithmetic;
/// OutOfDeviceMemory where the libraries find no room.
[[nodiscard]] std::unique_ptr<Backend> make_cuda_backend(const CudaBackendOptions& options);

}  // namespace octrain::layers::cuda
