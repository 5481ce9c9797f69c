#include "octrain/runtime/cuda/error.h"

#include <algorithm>

#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

std::string told(const std::string& what, cudaError_t code) {
  return what + ": " + cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")";
}

std::uint64_t shortfall(std::uint64_t wanted_bytes) {
  std::size_t free_bytes = 0, total_bytes = 0;
  if (cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return wanted_bytes;
  }
  return wanted_bytes > free_bytes ? wanted_bytes - free_bytes : 1;  // what is free lies in pieces
}

}  // namespace

CudaError::CudaError(const std::string& what, cudaError_t code)
    : DeviceError(told(what, code)), code_(code) {}

void check_asked(cudaError_t code, const char* what, std::uint64_t asked_bytes) {
  const std::string told_what = std::string(what) + " of " + format_bytes(asked_bytes);
  if (code != cudaErrorMemoryAllocation) return check(code, told_what.c_str());
  static_cast<void>(cudaGetLastError());
  throw OutOfDeviceMemory(told(told_what, code), asked_bytes);
}

void check(cudaError_t code, const char* what, std::uint64_t wanted_bytes) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  if (code != cudaErrorMemoryAllocation) throw CudaError(what, code);
  throw OutOfDeviceMemory(told(what, code), wanted_bytes > 0 ? shortfall(wanted_bytes) : 0);
}

}  // namespace octrain::runtime::cuda
