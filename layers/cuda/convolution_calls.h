// cuDNN's calls that find an algorithm, the same for the three ops of a convolution, so that what is made of
// them is written once.
#pragma once

#include <cudnn.h>

#include <cstddef>
#include <cstdint>

#include "convolution_algorithms.h"

namespace octrain::layers::cuda {

inline constexpr int kMostCandidates = 32;  ///< algorithms, each with several kinds of arithmetic

/// What an op works on while it is measured.
struct MeasuredOperands {
  void *bottom, *weight, *top, *workspace;
  std::uint64_t workspace_bytes;
};

struct ForwardCalls {
  using Algorithm = cudnnConvolutionFwdAlgo_t;
  using Result = cudnnConvolutionFwdAlgoPerf_t;
  static constexpr int kCount = CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
  static constexpr const char* kFind = "cudnnFindConvolutionForwardAlgorithmEx";
  static constexpr const char* kGet = "cudnnGetConvolutionForwardAlgorithm_v7";

  static bool is_deterministic(Algorithm) { return true; }
  static cudnnStatus_t find(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, const MeasuredOperands& o,
                            int* count, Result* results) {
    return cudnnFindConvolutionForwardAlgorithmEx(cudnn, d.bottom.get(), o.bottom, d.weight.get(), o.weight,
                                                  d.convolution.get(), d.top.get(), o.top, kMostCandidates,
                                                  count, results, o.workspace, o.workspace_bytes);
  }
  static cudnnStatus_t get(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, int* count,
                           Result* results) {
    return cudnnGetConvolutionForwardAlgorithm_v7(cudnn, d.bottom.get(), d.weight.get(), d.convolution.get(),
                                                  d.top.get(), kMostCandidates, count, results);
  }
  static cudnnStatus_t workspace(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionForwardWorkspaceSize(cudnn, d.bottom.get(), d.weight.get(), d.convolution.get(),
                                                   d.top.get(), algorithm, bytes);
  }
};

struct BackwardDataCalls {
  using Algorithm = cudnnConvolutionBwdDataAlgo_t;
  using Result = cudnnConvolutionBwdDataAlgoPerf_t;
  static constexpr int kCount = CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
  static constexpr const char* kFind = "cudnnFindConvolutionBackwardDataAlgorithmEx";
  static constexpr const char* kGet = "cudnnGetConvolutionBackwardDataAlgorithm_v7";

  static bool is_deterministic(Algorithm algorithm) { return algorithm != CUDNN_CONVOLUTION_BWD_DATA_ALGO_0; }
  static cudnnStatus_t find(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, const MeasuredOperands& o,
                            int* count, Result* results) {
    return cudnnFindConvolutionBackwardDataAlgorithmEx(
        cudnn, d.weight.get(), o.weight, d.top.get(), o.top, d.convolution.get(), d.bottom.get(), o.bottom,
        kMostCandidates, count, results, o.workspace, o.workspace_bytes);
  }
  static cudnnStatus_t get(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, int* count,
                           Result* results) {
    return cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnn, d.weight.get(), d.top.get(),
                                                       d.convolution.get(), d.bottom.get(), kMostCandidates,
                                                       count, results);
  }
  static cudnnStatus_t workspace(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionBackwardDataWorkspaceSize(
        cudnn, d.weight.get(), d.top.get(), d.convolution.get(), d.bottom.get(), algorithm, bytes);
  }
};

struct BackwardParametersCalls {
  using Algorithm = cudnnConvolutionBwdFilterAlgo_t;
  using Result = cudnnConvolutionBwdFilterAlgoPerf_t;
  static constexpr int kCount = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
  static constexpr const char* kFind = "cudnnFindConvolutionBackwardFilterAlgorithmEx";
  static constexpr const char* kGet = "cudnnGetConvolutionBackwardFilterAlgorithm_v7";

  static bool is_deterministic(Algorithm algorithm) {
    return algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 &&
           algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3;
  }
  static cudnnStatus_t find(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, const MeasuredOperands& o,
                            int* count, Result* results) {
    return cudnnFindConvolutionBackwardFilterAlgorithmEx(
        cudnn, d.bottom.get(), o.bottom, d.top.get(), o.top, d.convolution.get(), d.weight.get(), o.weight,
        kMostCandidates, count, results, o.workspace, o.workspace_bytes);
  }
  static cudnnStatus_t get(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, int* count,
                           Result* results) {
    return cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnn, d.bottom.get(), d.top.get(),
                                                         d.convolution.get(), d.weight.get(), kMostCandidates,
                                                         count, results);
  }
  static cudnnStatus_t workspace(cudnnHandle_t cudnn, const ConvolutionDescriptors& d, Algorithm algorithm,
                                 std::size_t* bytes) {
    return cudnnGetConvolutionBackwardFilterWorkspaceSize(
        cudnn, d.bottom.get(), d.top.get(), d.convolution.get(), d.weight.get(), algorithm, bytes);
  }
};

}  // namespace octrain::layers::cuda
