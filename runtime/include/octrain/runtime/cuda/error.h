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
/// The same for an allocation that does not come out of the device's free memory (pinned, managed): too few
/// by all that was asked for, since nobody says how much there is.
void check_asked(cudaError_t code, const char* what, std::uint64_t asked_bytes);

}  // namespace octrain::runtime::cuda
