// Pooling: bottom (n, c, h, w) -> top (n, c, oh, ow). Windows are clipped to the padded image as Caffe clips
// them: oh = ceil or floor of (h + 2 pad - kernel) / stride, plus 1; with padding, a last window that would
// start past h + pad is dropped. Average divides by the window's area inside the padded image (Caffe).
// Global: the window is the whole image.
#pragma once

namespace octrain::layers {

struct PoolingParams {
  enum class Method { max, average };
  enum class Rounding { ceil, floor };
  Method method = Method::max;
  bool global = false;
  int kernel_h = 0, kernel_w = 0;
  int stride_h = 1, stride_w = 1;
  int pad_h = 0, pad_w = 0;
  Rounding rounding = Rounding::ceil;
};

/// The window over images of height x width: global pooling's is the whole image.
[[nodiscard]] inline PoolingParams resolve_window(PoolingParams params, int height, int width) {
  if (params.global) {
    params.kernel_h = height;
    params.kernel_w = width;
    params.stride_h = params.stride_w = 1;
    params.pad_h = params.pad_w = 0;
  }
  return params;
}

}  // namespace octrain::layers
