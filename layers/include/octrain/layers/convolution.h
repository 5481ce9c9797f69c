// Convolution: bottom (n, c, h, w) -> top (n, outputs, oh, ow), oh = (h + 2 pad_h - (dilation_h (kernel_h -
// 1) + 1)) / stride_h + 1. top[o] = bias[o] + sum over c, i, j of weight[o][c][i][j] * bottom, within each of
// `groups` channel groups (cross-correlation). Parameters: weight (outputs, c / groups, kernel_h, kernel_w),
// bias (outputs).
#pragma once

#include "octrain/layers/parameter_spec.h"

namespace octrain::layers {

struct ConvolutionParams {
  int outputs = 0;
  int kernel_h = 0, kernel_w = 0;
  int stride_h = 1, stride_w = 1;
  int pad_h = 0, pad_w = 0;
  int dilation_h = 1, dilation_w = 1;  ///< 1: dense
  int groups = 1;
  bool bias = true;
  ParamOptions weight_options{};
  ParamOptions bias_options{};
  bool relu = false;  ///< a folded ReLU follows
};

}  // namespace octrain::layers
