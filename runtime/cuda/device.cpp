#include "octrain/runtime/cuda/device.h"

#include <cuda_runtime_api.h>

#include <exception>

#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why no device can be asked at all; empty if one can.
std::string what_is_missing(int driver_version, int runtime_version) {
  if (driver_version == 0)
    return "no NVIDIA driver: this program was built with CUDA " + version_text(runtime_version) +
           " and needs a driver for it";
  // Within a major version drivers take programs of newer toolkits; then the count of devices is answered.
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code != cudaSuccess) static_cast<void>(cudaGetLastError());
  if (code == cudaErrorInsufficientDriver)
    return "driver " + version_text(driver_version) + " is older than the toolkit " +
           version_text(runtime_version) + ": update the NVIDIA driver";
  if (code == cudaErrorNoDevice || (code == cudaSuccess && count == 0)) return "no CUDA device";
  if (code != cudaSuccess) return CudaError("cudaGetDeviceCount", code).what();
  return "";
}

DeviceFacts facts_of(int ordinal, int driver_version, int runtime_version) {
  DeviceFacts facts;
  facts.ordinal = ordinal;
  facts.driver_version = driver_version;
  facts.runtime_version = runtime_version;
  facts.name = device_name(ordinal);
  facts.compute_major = device_attribute(cudaDevAttrComputeCapabilityMajor, ordinal);
  facts.compute_minor = device_attribute(cudaDevAttrComputeCapabilityMinor, ordinal);
  facts.concurrent_managed_access = device_attribute(cudaDevAttrConcurrentManagedAccess, ordinal) != 0;
  facts.discard = toolkit_discards() && facts.concurrent_managed_access;
  use_device(ordinal);
  std::size_t free_bytes = 0, total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  facts.free_bytes = free_bytes;
  facts.total_bytes = total_bytes;
  return facts;
}

DeviceProbe probe(int ordinal) {
  int driver_version = 0, runtime_version = 0;
  check(cudaDriverGetVersion(&driver_version), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime_version), "cudaRuntimeGetVersion");
  std::string missing = what_is_missing(driver_version, runtime_version);
  if (!missing.empty()) return {std::nullopt, std::move(missing)};
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (ordinal < 0 || ordinal >= count)
    return {std::nullopt, "no CUDA device " + std::to_string(ordinal) + ": there are " +
                              std::to_string(count) + ", counted from 0"};
  return {facts_of(ordinal, driver_version, runtime_version), ""};
}

}  // namespace

DeviceProbe probe_device(int ordinal) noexcept {
  try {
    return probe(ordinal);
  } catch (const std::exception& error) {
    return {std::nullopt, error.what()};
  }
}

}  // namespace octrain::runtime::cuda
