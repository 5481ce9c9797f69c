// cuDNN's handles, descriptors and algorithms.
#include <cudnn.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fake_libraries.h"
#include "fake_structs.h"

using octrain::layers::cuda::testing::fake;
using octrain::layers::cuda::testing::FakeAlgorithm;
using octrain::layers::cuda::testing::FakeAlgorithms;
using octrain::layers::cuda::testing::find_algorithm;

namespace {

template <class Struct>
cudnnStatus_t create(Struct** made) {
  *made = new Struct{};
  ++fake().live_descriptors;
  return CUDNN_STATUS_SUCCESS;
}
template <class Struct>
cudnnStatus_t destroy(Struct* made) {
  delete made;
  --fake().live_descriptors;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t workspace_size(const FakeAlgorithms& algorithms, int number, cudnnMathType_t math,
                             std::size_t* bytes) {
  const FakeAlgorithm* algorithm = find_algorithm(algorithms, number, math);
  if (algorithm == nullptr) return CUDNN_STATUS_NOT_SUPPORTED;
  *bytes = algorithm->workspace_bytes;
  return CUDNN_STATUS_SUCCESS;
}

template <class Result, class Number>
void answer(const FakeAlgorithms& algorithms, int most, int* count, Result* results) {
  *count = 0;
  for (const FakeAlgorithm& a : algorithms) {
    if (*count == most) return;
    results[(*count)++] = {static_cast<Number>(a.number),
                           a.status,
                           a.milliseconds,
                           a.workspace_bytes,
                           a.determinism,
                           a.math,
                           {}};
  }
}

template <class Result, class Number>
cudnnStatus_t get(const FakeAlgorithms& algorithms, int most, int* count, Result* results) {
  answer<Result, Number>(algorithms, most, count, results);
  return CUDNN_STATUS_SUCCESS;
}

template <class Result, class Number>
cudnnStatus_t measure(FakeAlgorithms algorithms, std::size_t bytes, int most, int* count, Result* results) {
  ++fake().measurements;
  for (FakeAlgorithm& a : algorithms) {
    if (a.workspace_bytes > bytes) a.status = CUDNN_STATUS_ALLOC_FAILED;
  }
  std::stable_sort(algorithms.begin(), algorithms.end(),
                   [](const auto& a, const auto& b) { return a.milliseconds < b.milliseconds; });
  answer<Result, Number>(algorithms, most, count, results);
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

// Each below is cuDNN's function of that name, with its parameters.

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  ++fake().live_handles;
  *handle = new cudnnContext;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  --fake().live_handles;
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t stream) {
  fake().cudnn_stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
std::size_t cudnnGetVersion() { return 91900; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : "CUDNN_STATUS_OTHER";
}
#if CUDNN_MAJOR >= 9
void cudnnGetLastErrorString(char* message, std::size_t size) {
  std::strncpy(message, "the fake's last words", size - 1);
}
#endif

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  *tensor = {n, c, h, w, type};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGetTensorSizeInBytes(cudnnTensorDescriptor_t tensor, std::size_t* size) {
  *size = static_cast<std::size_t>(tensor->count()) * octrain::layers::size_of(element_of(tensor->type));
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t, int outputs, int channels, int h, int w) {
  *filter = {outputs, channels, h, w, type};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t c, int pad_h, int pad_w,
                                              int stride_h, int stride_w, int dilation_h, int dilation_w,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t arithmetic) {
  if (mode != CUDNN_CROSS_CORRELATION || arithmetic != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
  *c = {pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t c, int groups) {
  c->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t c, cudnnMathType_t math) {
  c->math = math;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activation, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t, double) {
  activation->mode = mode;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t,
                                                     cudnnFilterDescriptor_t, cudnnConvolutionDescriptor_t,
                                                     cudnnTensorDescriptor_t, int most, int* count,
                                                     cudnnConvolutionFwdAlgoPerf_t* results) {
  return get<cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionFwdAlgo_t>(fake().forward, most, count, results);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, cudnnFilterDescriptor_t,
                                                          cudnnTensorDescriptor_t,
                                                          cudnnConvolutionDescriptor_t,
                                                          cudnnTensorDescriptor_t, int most, int* count,
                                                          cudnnConvolutionBwdDataAlgoPerf_t* results) {
  return get<cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdDataAlgo_t>(fake().backward_data, most,
                                                                               count, results);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t,
                                                            cudnnTensorDescriptor_t,
                                                            cudnnConvolutionDescriptor_t,
                                                            cudnnFilterDescriptor_t, int most, int* count,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* results) {
  return get<cudnnConvolutionBwdFilterAlgoPerf_t, cudnnConvolutionBwdFilterAlgo_t>(fake().backward_parameters,
                                                                                   most, count, results);
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(cudnnHandle_t, cudnnTensorDescriptor_t, const void*,
                                                     cudnnFilterDescriptor_t, const void*,
                                                     cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t,
                                                     void*, int most, int* count,
                                                     cudnnConvolutionFwdAlgoPerf_t* results, void*,
                                                     std::size_t bytes) {
  return measure<cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionFwdAlgo_t>(fake().forward, bytes, most, count,
                                                                           results);
}
cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(
    cudnnHandle_t, cudnnFilterDescriptor_t, const void*, cudnnTensorDescriptor_t, const void*,
    cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t, void*, int most, int* count,
    cudnnConvolutionBwdDataAlgoPerf_t* results, void*, std::size_t bytes) {
  return measure<cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdDataAlgo_t>(
      fake().backward_data, bytes, most, count, results);
}
cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t, cudnnTensorDescriptor_t, const void*, cudnnTensorDescriptor_t, const void*,
    cudnnConvolutionDescriptor_t, cudnnFilterDescriptor_t, void*, int most, int* count,
    cudnnConvolutionBwdFilterAlgoPerf_t* results, void*, std::size_t bytes) {
  return measure<cudnnConvolutionBwdFilterAlgoPerf_t, cudnnConvolutionBwdFilterAlgo_t>(
      fake().backward_parameters, bytes, most, count, results);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t,
                                                      cudnnFilterDescriptor_t, cudnnConvolutionDescriptor_t c,
                                                      cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t algorithm,
                                                      std::size_t* bytes) {
  return workspace_size(fake().forward, algorithm, c->math, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, cudnnConvolutionDescriptor_t c,
    cudnnTensorDescriptor_t, cudnnConvolutionBwdDataAlgo_t algorithm, std::size_t* bytes) {
  return workspace_size(fake().backward_data, algorithm, c->math, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, cudnnConvolutionDescriptor_t c,
    cudnnFilterDescriptor_t, cudnnConvolutionBwdFilterAlgo_t algorithm, std::size_t* bytes) {
  return workspace_size(fake().backward_parameters, algorithm, c->math, bytes);
}
