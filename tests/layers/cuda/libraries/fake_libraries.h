// cuDNN, cuBLAS and what of the CUDA runtime their users call, on the host: slow loops, and algorithms as a
// test says they are. For programs that link none of the real libraries.
#pragma once

#include <cublas_v2.h>
#include <cudnn.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace octrain::layers::cuda::testing {

/// An algorithm of one op, as cuDNN would describe it.
struct FakeAlgorithm {
  int number = 0;
  float milliseconds = 1;
  std::uint64_t workspace_bytes = 0;
  cudnnDeterminism_t determinism = CUDNN_DETERMINISTIC;
  cudnnMathType_t math = CUDNN_FMA_MATH;
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;  ///< of measuring it
};

/// What the libraries know of one of a convolution's ops. Get answers in this order, Find by time.
using FakeAlgorithms = std::vector<FakeAlgorithm>;

struct FakeLibraries {
  FakeAlgorithms forward, backward_data, backward_parameters;
  std::uint64_t free_bytes = std::uint64_t{1} << 40;  ///< on the device
  std::uint64_t allocated_bytes = 0;
  bool fuses = true;  ///< cudnnConvolutionBiasActivationForward
  cudnnStatus_t convolution_status = CUDNN_STATUS_SUCCESS;
  int measurements = 0;           ///< calls of Find
  std::vector<std::string> runs;  ///< "forward 1 fma", "fused 1 fma", …: convolutions that were computed
  int live_descriptors = 0, live_handles = 0;
  /// As handles were told last; nothing where none was.
  std::optional<cudaStream_t> cudnn_stream, cublas_stream;
  std::optional<cublasMath_t> cublas_math;
  std::optional<cublasAtomicsMode_t> cublas_atomics;
  int compute_major = 8;
};

/// The one there is.
FakeLibraries& fake();
/// Null when there is none.
const FakeAlgorithm* find_algorithm(const FakeAlgorithms& algorithms, int number, cudnnMathType_t math);
/// As at the program's start, with one algorithm for each op: number 1, deterministic, no workspace.
void reset_fake();

}  // namespace octrain::layers::cuda::testing
