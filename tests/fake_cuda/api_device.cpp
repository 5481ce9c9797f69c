// Devices, versions and errors.
#include <algorithm>
#include <cstdio>

#include "fake_cuda/errors.h"
#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

constexpr int kMajor = 9;
constexpr int kMinor = 0;
constexpr int kMultiprocessors = 132;

int& current_device() {
  thread_local int device = 0;
  return device;
}

bool is_device(const Frame& frame, int device) {
  return device >= 0 && device < frame.world.options.device_count;
}

/// Managed memory that lies on the device counts as used, though it would make room.
std::uint64_t free_bytes(const World& world) {
  const std::uint64_t used = world.space.device_bytes() + world.accounts.counters().device_bytes;
  return world.options.total_bytes - std::min(used, world.options.total_bytes);
}

cudaError_t attribute(const Options& options, cudaDeviceAttr attr, int& value) {
  switch (attr) {
    case cudaDevAttrComputeCapabilityMajor:
      value = kMajor;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      value = kMinor;
      break;
    case cudaDevAttrMultiProcessorCount:
      value = kMultiprocessors;
      break;
    case cudaDevAttrAsyncEngineCount:
      value = 2;
      break;
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrManagedMemory:
    case cudaDevAttrStreamPrioritiesSupported:
      value = 1;
      break;
    case cudaDevAttrConcurrentManagedAccess:
      value = options.concurrent_managed_access ? 1 : 0;
      break;
    case cudaDevAttrIntegrated:
    case cudaDevAttrPageableMemoryAccess:
    case cudaDevAttrPageableMemoryAccessUsesHostPageTables:
    case cudaDevAttrDirectManagedMemAccessFromHost:
    case cudaDevAttrHostNativeAtomicSupported:
      value = 0;
      break;
    default:
      return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

cudaDeviceProp properties(const Options& options) {
  cudaDeviceProp result{};
  std::snprintf(result.name, sizeof result.name, "fake device");
  result.totalGlobalMem = options.total_bytes;
  result.major = kMajor;
  result.minor = kMinor;
  result.multiProcessorCount = kMultiprocessors;
  result.asyncEngineCount = 2;
  result.unifiedAddressing = 1;
  result.managedMemory = 1;
  result.streamPrioritiesSupported = 1;
  result.concurrentManagedAccess = options.concurrent_managed_access ? 1 : 0;
  return result;
}

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  return run_call("cudaGetDeviceCount", [&](const Frame& frame) {
    if (count == nullptr) return cudaErrorInvalidValue;
    *count = frame.world.options.device_count;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return run_call("cudaGetDevice", [&](const Frame&) {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = current_device();
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return run_call("cudaSetDevice", [&](const Frame& frame) {
    if (!is_device(frame, device)) return cudaErrorInvalidDevice;
    current_device() = device;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attr, int device) {
  return run_call("cudaDeviceGetAttribute", [&](const Frame& frame) {
    if (value == nullptr) return cudaErrorInvalidValue;
    return is_device(frame, device) ? attribute(frame.world.options, attr, *value) : cudaErrorInvalidDevice;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* prop, int device) {
  return run_call("cudaGetDeviceProperties", [&](const Frame& frame) {
    if (prop == nullptr) return cudaErrorInvalidValue;
    if (!is_device(frame, device)) return cudaErrorInvalidDevice;
    *prop = properties(frame.world.options);
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return run_call("cudaMemGetInfo", [&](const Frame& frame) {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    *free = free_bytes(frame.world);
    *total = frame.world.options.total_bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* driverVersion) {
  const auto answer = [&](const Frame& frame) {
    if (driverVersion == nullptr) return cudaErrorInvalidValue;
    *driverVersion = frame.world.options.driver_version;
    return cudaSuccess;
  };
  return run_call("cudaDriverGetVersion", answer, {.needs_device = false});
}

cudaError_t cudaRuntimeGetVersion(int* runtimeVersion) {
  const auto answer = [&](const Frame& frame) {
    if (runtimeVersion == nullptr) return cudaErrorInvalidValue;
    *runtimeVersion = frame.world.options.runtime_version;
    return cudaSuccess;
  };
  return run_call("cudaRuntimeGetVersion", answer, {.needs_device = false});
}

const char* cudaGetErrorString(cudaError_t error) { return error_of(error).text; }

const char* cudaGetErrorName(cudaError_t error) { return error_of(error).name; }

cudaError_t cudaGetLastError() { return std::exchange(last_error(), cudaSuccess); }

cudaError_t cudaPeekAtLastError() { return last_error(); }

}  // extern "C"
