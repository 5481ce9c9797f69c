// What the fake cuDNN's descriptors hold.
#pragma once

#include <cudnn.h>

#include <cstdint>

#include "octrain/layers/blob.h"

/// float32, float16 or bfloat16.
inline octrain::layers::ElementType element_of(cudnnDataType_t type) {
  using octrain::layers::ElementType;
  return type == CUDNN_DATA_FLOAT  ? ElementType::float32
         : type == CUDNN_DATA_HALF ? ElementType::float16
                                   : ElementType::bfloat16;
}

struct cudnnContext {};
struct cudnnTensorStruct {
  int n, c, h, w;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  [[nodiscard]] std::int64_t count() const { return std::int64_t{n} * c * h * w; }
};
struct cudnnFilterStruct {
  int outputs, channels, h, w;  ///< channels of one group
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  [[nodiscard]] std::int64_t count() const { return std::int64_t{outputs} * channels * h * w; }
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups = 1;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
  cudnnActivationMode_t mode;
};
