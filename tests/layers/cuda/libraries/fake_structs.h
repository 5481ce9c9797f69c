// What the fake cuDNN's descriptors hold.
#pragma once

#include <cudnn.h>

#include <cstdint>

struct cudnnContext {};
struct cudnnTensorStruct {
  int n, c, h, w;
  [[nodiscard]] std::int64_t count() const { return std::int64_t{n} * c * h * w; }
};
struct cudnnFilterStruct {
  int outputs, channels, h, w;  ///< channels of one group
  [[nodiscard]] std::int64_t count() const { return std::int64_t{outputs} * channels * h * w; }
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups = 1;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
  cudnnActivationMode_t mode;
};
