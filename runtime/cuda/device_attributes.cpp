#include <cuda_runtime_api.h>

#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {

std::string device_name(int ordinal) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties");
  return static_cast<const char*>(properties.name);
}

int device_attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, ordinal), "cudaDeviceGetAttribute");
  return value;
}

}  // namespace octrain::runtime::cuda
