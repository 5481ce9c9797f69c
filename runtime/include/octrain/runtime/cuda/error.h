// Errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>

#include "octrain/runtime/error.h"

namespace octrain::runtime::cuda {

/// "WHAT: text of the error (its name)".
class CudaError : public DeviceError {
 public:
  CudaError(const std::string& what, cudaError_t code);
  [[nodiscard]] cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

/// Throws for everything but cudaSuccess: OutOfDeviceMemory for cudaErrorMemoryAllocation, else CudaError.
/// Takes the error back from the runtime, so that nobody blames a later launch for it. `wanted_bytes`, of an
/// allocation, tell how many are too few.
void check(cudaError_t code, const char* what, std::uint64_t wanted_bytes = 0);

}  // namespace octrain::runtime::cuda
