// The fakes of cuBLAS and of the CUDA runtime, and what the fakes share.
#include "fake_libraries.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "elementwise.h"

namespace octrain::layers::cuda {

namespace testing {

FakeLibraries& fake() {
  static FakeLibraries libraries;
  return libraries;
}

void reset_fake() {
  fake() = {};
  fake().forward = fake().backward_data = fake().backward_parameters = {{.number = 1}};
}

const FakeAlgorithm* find_algorithm(const FakeAlgorithms& algorithms, int number, cudnnMathType_t math) {
  const auto found = std::find_if(algorithms.begin(), algorithms.end(), [&](const FakeAlgorithm& a) {
    return a.number == number && a.math == math;
  });
  return found == algorithms.end() ? nullptr : &*found;
}

}  // namespace testing

// The CUDA kernel of this name needs a device.
void mask_gradient(const float* top, float* gradient, std::int64_t count, cudaStream_t) {
  for (std::int64_t i = 0; i < count; ++i) gradient[i] = top[i] > 0 ? gradient[i] : 0;
}

}  // namespace octrain::layers::cuda

using octrain::layers::cuda::testing::fake;

struct cublasContext {
  void* workspace;
  std::size_t workspace_bytes;
};

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  ++fake().live_handles;
  *handle = new cublasContext{};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  --fake().live_handles;
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  *handle = {workspace, bytes};
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusName(cublasStatus_t) { return "CUBLAS_STATUS_NAME"; }
const char* cublasGetStatusString(cublasStatus_t) { return "cuBLAS's words"; }

/// Column-major, as cuBLAS is.
cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t operation_a,
                              cublasOperation_t operation_b, int m, int n, int k, const float* alpha,
                              const float* a, int lda, const float* b, int ldb, const float* beta, float* c,
                              int ldc) {
  if (handle->workspace_bytes == 0) return CUBLAS_STATUS_NOT_INITIALIZED;
  std::memset(handle->workspace, 0x5a, handle->workspace_bytes);
  const bool a_transposed = operation_a == CUBLAS_OP_T, b_transposed = operation_b == CUBLAS_OP_T;
  if (lda < (a_transposed ? k : m) || ldb < (b_transposed ? n : k) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  for (std::int64_t column = 0; column < n; ++column) {
    for (std::int64_t row = 0; row < m; ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const float left = a_transposed ? a[row * lda + i] : a[i * lda + row];
        const float right = b_transposed ? b[i * ldb + column] : b[column * ldb + i];
        sum += static_cast<double>(left) * static_cast<double>(right);
      }
      float& to = c[column * ldc + row];
      const double prior = *beta == 0 ? 0 : static_cast<double>(*beta) * static_cast<double>(to);
      to = static_cast<float>(static_cast<double>(*alpha) * sum + prior);
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strncpy(properties->name, "Fake card", sizeof properties->name - 1);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  *value = which == cudaDevAttrComputeCapabilityMajor ? 8 : 1;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** address, std::size_t bytes) {
  if (fake().allocated_bytes + bytes > fake().free_bytes) return cudaErrorMemoryAllocation;
  auto* block = static_cast<std::size_t*>(std::malloc(bytes + 64));
  *block = bytes;
  fake().allocated_bytes += bytes;
  *address = reinterpret_cast<char*>(block) + 64;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
  *total_bytes = fake().free_bytes;
  *free_bytes = fake().free_bytes - fake().allocated_bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void* address) {
  if (address == nullptr) return cudaSuccess;
  auto* block = reinterpret_cast<std::size_t*>(static_cast<char*>(address) - 64);
  fake().allocated_bytes -= *block;
  std::free(block);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* address, int value, std::size_t bytes, cudaStream_t) {
  std::memset(address, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorName"; }
const char* cudaGetErrorString(cudaError_t) { return "the runtime's words"; }
