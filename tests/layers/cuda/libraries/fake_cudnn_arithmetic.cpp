// cuDNN's arithmetic.
#include <cudnn.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fake_convolution.h"
#include "fake_libraries.h"
#include "fake_structs.h"
#include "layers/elements.h"

using octrain::layers::cuda::testing::fake;
using octrain::layers::cuda::testing::FakeAlgorithm;
using octrain::layers::cuda::testing::FakeAlgorithms;
using octrain::layers::cuda::testing::FakeConvolution;
using octrain::layers::cuda::testing::find_algorithm;
using octrain::layers::cuda::testing::for_each_product;
using octrain::layers::testing::read_element;
using octrain::layers::testing::write_element;

namespace {

double at(cudnnDataType_t type, const void* elements, std::int64_t i) {
  return read_element(elements, static_cast<std::size_t>(i), element_of(type));
}

float value(const void* scalar) { return *static_cast<const float*>(scalar); }

/// out = sums + beta * out; out is not read where beta is 0.
void blend(const std::vector<double>& sums, const void* beta, cudnnDataType_t type, void* out) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double prior =
        value(beta) == 0 ? 0 : static_cast<double>(value(beta)) * read_element(out, i, element_of(type));
    write_element(out, i, element_of(type), sums[i] + prior);
  }
}

FakeConvolution convolution(const cudnnTensorStruct& bottom, const cudnnFilterStruct& weight,
                            const cudnnConvolutionStruct& c, const cudnnTensorStruct& top) {
  return {bottom.n, bottom.c, bottom.h, bottom.w,   top.c,      top.h,        top.w,        weight.h,
          weight.w, c.pad_h,  c.pad_w,  c.stride_h, c.stride_w, c.dilation_h, c.dilation_w, c.groups};
}

/// Shapes, and types: cuDNN takes no mixture.
bool shapes_agree(const cudnnTensorStruct& bottom, const cudnnFilterStruct& weight,
                  const cudnnConvolutionStruct& c, const cudnnTensorStruct& top) {
  return bottom.type == weight.type && weight.type == top.type && bottom.n == top.n &&
         weight.outputs == top.c && weight.channels * c.groups == bottom.c;
}

std::string name(cudnnMathType_t math) {
  return math == CUDNN_FMA_MATH ? "fma" : math == CUDNN_DEFAULT_MATH ? "standard" : "tensor";
}

/// Notes the run. Refuses what cuDNN would refuse, and writes over the workspace that it was given.
cudnnStatus_t start(const char* what, const FakeAlgorithms& algorithms, int number, cudnnMathType_t math,
                    void* workspace, std::size_t bytes) {
  const FakeAlgorithm* algorithm = find_algorithm(algorithms, number, math);
  if (algorithm == nullptr) return CUDNN_STATUS_NOT_SUPPORTED;
  if (bytes < algorithm->workspace_bytes) return CUDNN_STATUS_BAD_PARAM;
  if (fake().convolution_status != CUDNN_STATUS_SUCCESS) return fake().convolution_status;
  if (bytes > 0) std::memset(workspace, 0x5a, bytes);
  fake().runs.push_back(what + (" " + std::to_string(number)) + " " + name(math));
  return CUDNN_STATUS_SUCCESS;
}

void convolve(const FakeConvolution& c, cudnnDataType_t type, const void* x, const void* w,
              std::vector<double>& sums) {
  for_each_product(c, [&](std::int64_t b, int k, int t) {
    sums[static_cast<std::size_t>(t)] += at(type, x, b) * at(type, w, k);
  });
}

}  // namespace

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t, const void*, cudnnTensorDescriptor_t bottom,
                                      const void* x, cudnnFilterDescriptor_t weight, const void* w,
                                      cudnnConvolutionDescriptor_t c, cudnnConvolutionFwdAlgo_t algorithm,
                                      void* workspace, std::size_t bytes, const void* beta,
                                      cudnnTensorDescriptor_t top, void* y) {
  if (!shapes_agree(*bottom, *weight, *c, *top)) return CUDNN_STATUS_BAD_PARAM;
  const cudnnStatus_t status = start("forward", fake().forward, algorithm, c->math, workspace, bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  std::vector<double> sums(static_cast<std::size_t>(top->count()));
  convolve(convolution(*bottom, *weight, *c, *top), top->type, x, w, sums);
  blend(sums, beta, top->type, y);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t, const void*, cudnnTensorDescriptor_t bottom, const void* x, cudnnFilterDescriptor_t weight,
    const void* w, cudnnConvolutionDescriptor_t c, cudnnConvolutionFwdAlgo_t algorithm, void* workspace,
    std::size_t bytes, const void* alpha2, cudnnTensorDescriptor_t, const void*, cudnnTensorDescriptor_t bias,
    const void* b, cudnnActivationDescriptor_t activation, cudnnTensorDescriptor_t top, void* y) {
  if (!fake().fuses) return CUDNN_STATUS_NOT_SUPPORTED;
  if (!shapes_agree(*bottom, *weight, *c, *top) || bias->c != top->c || bias->type != top->type ||
      value(alpha2) != 0 || activation->mode != CUDNN_ACTIVATION_RELU) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const cudnnStatus_t status = start("fused", fake().forward, algorithm, c->math, workspace, bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  std::vector<double> sums(static_cast<std::size_t>(top->count()));
  convolve(convolution(*bottom, *weight, *c, *top), top->type, x, w, sums);
  const std::int64_t pixels = std::int64_t{top->h} * top->w;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::int64_t channel = static_cast<std::int64_t>(i) / pixels % top->c;
    write_element(y, i, element_of(top->type), std::max(sums[i] + at(bias->type, b, channel), 0.0));
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t, const void*, cudnnFilterDescriptor_t weight,
                                           const void* w, cudnnTensorDescriptor_t top, const void* dy,
                                           cudnnConvolutionDescriptor_t c,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace,
                                           std::size_t bytes, const void* beta,
                                           cudnnTensorDescriptor_t bottom, void* dx) {
  if (!shapes_agree(*bottom, *weight, *c, *top)) return CUDNN_STATUS_BAD_PARAM;
  const cudnnStatus_t status =
      start("backward_data", fake().backward_data, algorithm, c->math, workspace, bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  std::vector<double> sums(static_cast<std::size_t>(bottom->count()));
  for_each_product(convolution(*bottom, *weight, *c, *top), [&](std::int64_t b, int k, int t) {
    sums[static_cast<std::size_t>(b)] += at(top->type, dy, t) * at(weight->type, w, k);
  });
  blend(sums, beta, bottom->type, dx);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t, const void*, cudnnTensorDescriptor_t bottom,
                                             const void* x, cudnnTensorDescriptor_t top, const void* dy,
                                             cudnnConvolutionDescriptor_t c,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             std::size_t bytes, const void* beta,
                                             cudnnFilterDescriptor_t weight, void* dw) {
  if (!shapes_agree(*bottom, *weight, *c, *top)) return CUDNN_STATUS_BAD_PARAM;
  const cudnnStatus_t status =
      start("backward_parameters", fake().backward_parameters, algorithm, c->math, workspace, bytes);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  std::vector<double> sums(static_cast<std::size_t>(weight->count()));
  for_each_product(convolution(*bottom, *weight, *c, *top), [&](std::int64_t b, int k, int t) {
    sums[static_cast<std::size_t>(k)] += at(top->type, dy, t) * at(bottom->type, x, b);
  });
  blend(sums, beta, weight->type, dw);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardBias(cudnnHandle_t, const void*, cudnnTensorDescriptor_t top,
                                           const void* dy, const void* beta, cudnnTensorDescriptor_t bias,
                                           void* db) {
  if (bias->c != top->c || bias->type != top->type) return CUDNN_STATUS_BAD_PARAM;
  std::vector<double> sums(static_cast<std::size_t>(bias->c));
  const std::int64_t pixels = std::int64_t{top->h} * top->w;
  for (std::int64_t i = 0; i < top->count(); ++i)
    sums[static_cast<std::size_t>(i / pixels % top->c)] += at(top->type, dy, i);
  blend(sums, beta, bias->type, db);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnAddTensor(cudnnHandle_t, const void*, cudnnTensorDescriptor_t bias, const void* b,
                             const void*, cudnnTensorDescriptor_t top, void* y) {
  if (bias->c != top->c || bias->type != top->type) return CUDNN_STATUS_BAD_PARAM;
  const std::int64_t pixels = std::int64_t{top->h} * top->w;
  for (std::int64_t i = 0; i < top->count(); ++i)
    write_element(y, static_cast<std::size_t>(i), element_of(top->type),
                  at(top->type, y, i) + at(bias->type, b, i / pixels % top->c));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnActivationForward(cudnnHandle_t, cudnnActivationDescriptor_t, const void*,
                                     cudnnTensorDescriptor_t top, const void* x, const void*,
                                     cudnnTensorDescriptor_t, void* y) {
  for (std::int64_t i = 0; i < top->count(); ++i)
    write_element(y, static_cast<std::size_t>(i), element_of(top->type), std::max(at(top->type, x, i), 0.0));
  return CUDNN_STATUS_SUCCESS;
}
