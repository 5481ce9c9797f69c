// The fakes of cuBLAS and of the CUDA runtime, and what the fakes share.
#include "fake_libraries.h"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "layers/elements.h"

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
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t stream) {
  fake().cublas_stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t math) {
  fake().cublas_math = math;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t atomics) {
  fake().cublas_atomics = atomics;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  *handle = {workspace, bytes};
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusName(cublasStatus_t) { return "CUBLAS_STATUS_NAME"; }
const char* cublasGetStatusString(cublasStatus_t) { return "cuBLAS's words"; }

namespace {

octrain::layers::ElementType element_of(cudaDataType type) {
  using octrain::layers::ElementType;
  return type == CUDA_R_32F   ? ElementType::float32
         : type == CUDA_R_16F ? ElementType::float16
                              : ElementType::bfloat16;
}

/// A matrix, column-major, as cuBLAS is.
struct FakeMatrix {
  const void* data;
  octrain::layers::ElementType element;
  std::int64_t leading;
  bool transposed;

  [[nodiscard]] double at(std::int64_t row, std::int64_t column) const {
    const std::int64_t place = transposed ? row * leading + column : column * leading + row;
    return octrain::layers::testing::read_element(data, static_cast<std::size_t>(place), element);
  }
};

cublasStatus_t multiply(cublasHandle_t handle, const FakeMatrix& a, const FakeMatrix& b, int m, int n, int k,
                        const void* alpha, const void* beta, void* c, octrain::layers::ElementType element,
                        int ldc) {
  if (handle->workspace_bytes == 0) return CUBLAS_STATUS_NOT_INITIALIZED;
  std::memset(handle->workspace, 0x5a, handle->workspace_bytes);
  if (a.leading < (a.transposed ? k : m) || b.leading < (b.transposed ? n : k) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  const double factor = static_cast<double>(*static_cast<const float*>(alpha)),
               prior_factor = static_cast<double>(*static_cast<const float*>(beta));
  for (std::int64_t column = 0; column < n; ++column) {
    for (std::int64_t row = 0; row < m; ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) sum += a.at(row, i) * b.at(i, column);
      const auto to = static_cast<std::size_t>(column * ldc + row);
      const double prior =
          prior_factor == 0 ? 0 : prior_factor * octrain::layers::testing::read_element(c, to, element);
      octrain::layers::testing::write_element(c, to, element, factor * sum + prior);
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t operation_a,
                              cublasOperation_t operation_b, int m, int n, int k, const float* alpha,
                              const float* a, int lda, const float* b, int ldb, const float* beta, float* c,
                              int ldc) {
  using octrain::layers::ElementType;
  return multiply(handle, {a, ElementType::float32, lda, operation_a == CUBLAS_OP_T},
                  {b, ElementType::float32, ldb, operation_b == CUBLAS_OP_T}, m, n, k, alpha, beta, c,
                  ElementType::float32, ldc);
}

/// Of the combinations that cuBLAS documents, those with 16-bit factors that add up in float32.
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t operation_a,
                            cublasOperation_t operation_b, int m, int n, int k, const void* alpha,
                            const void* a, cudaDataType type_a, int lda, const void* b, cudaDataType type_b,
                            int ldb, const void* beta, void* c, cudaDataType type_c, int ldc,
                            cublasComputeType_t arithmetic, cublasGemmAlgo_t) {
  const bool halves = type_a == CUDA_R_16F || type_a == CUDA_R_16BF;
  if (!halves || type_b != type_a || (type_c != type_a && type_c != CUDA_R_32F) ||
      arithmetic != CUBLAS_COMPUTE_32F) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  return multiply(handle, {a, element_of(type_a), lda, operation_a == CUBLAS_OP_T},
                  {b, element_of(type_b), ldb, operation_b == CUBLAS_OP_T}, m, n, k, alpha, beta, c,
                  element_of(type_c), ldc);
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
  *value = which == cudaDevAttrComputeCapabilityMajor ? fake().compute_major : 1;
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
