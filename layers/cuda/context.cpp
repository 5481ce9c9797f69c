#include "context.h"

#include <array>

#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"
#include "tuning_file.h"

namespace octrain::layers::cuda {

namespace {

int current_device() {
  int device = 0;
  runtime::cuda::check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

DeviceAttributes attributes(int device) {
  const auto attribute = [&](cudaDeviceAttr which) { return runtime::cuda::device_attribute(which, device); };
  return {attribute(cudaDevAttrComputeCapabilityMajor), attribute(cudaDevAttrComputeCapabilityMinor),
          attribute(cudaDevAttrMultiProcessorCount),    attribute(cudaDevAttrClockRate),
          attribute(cudaDevAttrMemoryClockRate),        attribute(cudaDevAttrGlobalMemoryBusWidth)};
}

std::shared_ptr<cudnnContext> make_cudnn(cudaStream_t stream) {
  cudnnHandle_t handle = nullptr;
  check(cudnnCreate(&handle), "cuDNN", "cudnnCreate");
  std::shared_ptr<cudnnContext> owner(handle, [](cudnnHandle_t made) { cudnnDestroy(made); });
  check(cudnnSetStream(handle, stream), "cuDNN", "cudnnSetStream");
  return owner;
}

// By cuBLAS's documentation ("Results reproducibility") its routines give the same bits on the same card and
// toolkit when one stream uses a handle; several streams could make it take other workspaces of its own, and
// with them other algorithms. Here each handle has one stream and is given its workspace before each product.
// Atomics are off by default, and stay so without leave.
std::shared_ptr<cublasContext> make_cublas(const CudaBackendOptions& options) {
  cublasHandle_t handle = nullptr;
  check(cublasCreate(&handle), "cuBLAS", "cublasCreate");
  std::shared_ptr<cublasContext> owner(handle, [](cublasHandle_t made) { cublasDestroy(made); });
  check(cublasSetStream(handle, options.stream), "cuBLAS", "cublasSetStream");
  // Partial sums of 16-bit products stay float32 whatever the output is.
  const int sums =
      options.element == ElementType::float32 ? 0 : CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
  const int math = (options.tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH) | sums;
  check(cublasSetMathMode(handle, static_cast<cublasMath_t>(math)), "cuBLAS", "cublasSetMathMode");
  check(cublasSetAtomicsMode(handle,
                             options.deterministic ? CUBLAS_ATOMICS_NOT_ALLOWED : CUBLAS_ATOMICS_ALLOWED),
        "cuBLAS", "cublasSetAtomicsMode");
  return owner;
}

/// Null where there is no file, or none that can be read.
std::shared_ptr<TuningFile> open_tuning(const CudaBackendOptions& options) {
  if (options.tuning_file.empty()) return nullptr;
  try {
    return std::make_shared<TuningFile>(options.tuning_file, options.warn);
  } catch (const runtime::IoError& error) {
    if (options.warn)
      options.warn(std::string(error.what()) + "; convolutions run by cuDNN's rules, not by measured times");
    return nullptr;
  }
}

/// TF32 and bfloat16 came with compute capability 8.0 (CUDA C++ Programming Guide, tensor cores).
void require_arithmetic(const CudaBackendOptions& options, const std::string& card,
                        const DeviceAttributes& device) {
  const bool bfloat16 = options.element == ElementType::bfloat16;
  if (device.major >= 8 || !(options.tf32 || bfloat16)) return;
  throw runtime::DeviceError(std::string(bfloat16 ? "bf16" : "tf32") +
                             " needs a GPU of compute capability 8.0 or newer; " + card + " has " +
                             std::to_string(device.major) + "." + std::to_string(device.minor));
}

[[noreturn]] void fail(std::string_view where, std::string_view call, const std::string& why,
                       bool out_of_memory) {
  const std::string message = std::string(where) + ": " + std::string(call) + ": " + why;
  // The libraries do not say how much they wanted.
  if (out_of_memory) throw runtime::OutOfDeviceMemory(message, runtime::kBlockBytes);
  throw runtime::DeviceError(message);
}

/// What cuDNN 9 adds to the status: which argument it was, or which rule it broke.
std::string last_words() {
#if CUDNN_MAJOR >= 9
  std::array<char, 1024> text{};
  cudnnGetLastErrorString(text.data(), text.size());
  return text[0] != '\0' ? std::string(": ") + text.data() : std::string();
#else
  return {};
#endif
}

}  // namespace

CudaContext::CudaContext(const CudaBackendOptions& backend_options)
    : options(backend_options),
      stream(options.stream),
      card(runtime::cuda::device_name(current_device())),
      device(attributes(current_device())),
      cudnn(make_cudnn(stream)),
      cublas(make_cublas(options)),
      tuning(open_tuning(options)) {
  require_arithmetic(options, card, device);
}

void check(cudnnStatus_t status, std::string_view where, std::string_view call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  fail(where, call, cudnnGetErrorString(status) + last_words(), is_out_of_memory(status));
}

void check(cublasStatus_t status, std::string_view where, std::string_view call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const std::string why =
      std::string(cublasGetStatusString(status)) + " (" + cublasGetStatusName(status) + ")";
  fail(where, call, why, status == CUBLAS_STATUS_ALLOC_FAILED);
}

bool is_bad_parameter(cudnnStatus_t status) {
#if CUDNN_MAJOR >= 9
  return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_BAD_PARAM;
#else
  return status == CUDNN_STATUS_BAD_PARAM;
#endif
}

void forget_runtime_error() { static_cast<void>(cudaGetLastError()); }

bool is_not_supported(cudnnStatus_t status) {
#if CUDNN_MAJOR >= 9
  return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED;
#else
  return status == CUDNN_STATUS_NOT_SUPPORTED;
#endif
}

bool is_out_of_memory(cudnnStatus_t status) {
#if CUDNN_MAJOR >= 9
  return status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
         status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
#else
  return status == CUDNN_STATUS_ALLOC_FAILED;
#endif
}

}  // namespace octrain::layers::cuda
