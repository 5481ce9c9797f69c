// What all kernels of a CUDA backend share: the stream they enqueue on, and the libraries, bound to it.
#pragma once

#include <cublas_v2.h>
#include <cudnn.h>

#include <memory>
#include <string>
#include <string_view>

#include "device_speed.h"
#include "octrain/layers/cuda/backend.h"

namespace octrain::layers::cuda {

class TuningFile;

/// A kernel on a slab must fill a card: the largest activations (64 x 224 x 224 floats an image, VGG's first)
/// come to 8 images a slab, 25 million outputs an op, and those of deep layers to the whole batch. And a
/// transfer of a slab takes milliseconds, hundreds of times what issuing it takes. Twice as much would not
/// make an op faster, but would double the least memory in which a layer can run.
inline constexpr std::uint64_t kSlabBytes = 128 * runtime::kMiB;

/// Copies share the handles. A kernel keeps a copy, since it may outlive the backend that made it.
struct CudaContext {
  /// Throws as make_cuda_backend() does.
  explicit CudaContext(const CudaBackendOptions& backend_options);

  CudaBackendOptions options;
  cudaStream_t stream;
  std::string card;  ///< its name, as the driver says it
  DeviceAttributes device;
  std::shared_ptr<cudnnContext> cudnn;    ///< get(): the cudnnHandle_t
  std::shared_ptr<cublasContext> cublas;  ///< get(): the cublasHandle_t; its workspace is the op's that runs
  std::shared_ptr<TuningFile> tuning;     ///< null without one that can be read
  /// Of an inner product's weight. As much as a slab of activations: products of such a chunk fill a card.
  /// Never by the budget: the order of sums depends on it. (Tests have smaller ones.)
  std::uint64_t chunk_bytes = kSlabBytes;
};

/// Throws for what a library reports, in the library's own words: "WHERE: CALL: message (NAME)". Its failed
/// allocations are OutOfDeviceMemory, all else is a DeviceError. `where`: layer 'NAME'.
void check(cudnnStatus_t status, std::string_view where, std::string_view call);
void check(cublasStatus_t status, std::string_view where, std::string_view call);

/// The call was well formed, but cuDNN has nothing that does it.
[[nodiscard]] bool is_not_supported(cudnnStatus_t status);
/// The call, as cuDNN sees it, is not well formed.
[[nodiscard]] bool is_bad_parameter(cudnnStatus_t status);
[[nodiscard]] bool is_out_of_memory(cudnnStatus_t status);

/// What a library tried in vain may have left an error in the runtime, for which a later launch of ours would
/// be blamed.
void forget_runtime_error();

}  // namespace octrain::layers::cuda
