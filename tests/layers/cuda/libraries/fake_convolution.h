// The arithmetic of the fake libraries.
#pragma once

#include <cstdint>

namespace octrain::layers::cuda::testing {

/// Sizes and steps of a convolution; `channels` and `outputs` of all groups.
struct FakeConvolution {
  int images, channels, height, width;
  int outputs, top_height, top_width;
  int kernel_h, kernel_w;
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups;
};

/// visit(bottom element, weight element, top element) for every product.
template <class Visit>
void for_each_product(const FakeConvolution& c, const Visit& visit) {
  const int group_channels = c.channels / c.groups, group_outputs = c.outputs / c.groups;
  for (int n = 0; n < c.images; ++n)
    for (int o = 0; o < c.outputs; ++o)
      for (int y = 0; y < c.top_height; ++y)
        for (int x = 0; x < c.top_width; ++x)
          for (int g = 0; g < group_channels; ++g)
            for (int i = 0; i < c.kernel_h; ++i)
              for (int j = 0; j < c.kernel_w; ++j) {
                const int row = y * c.stride_h - c.pad_h + i * c.dilation_h;
                const int column = x * c.stride_w - c.pad_w + j * c.dilation_w;
                if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                const int channel = o / group_outputs * group_channels + g;
                visit(
                    static_cast<std::int64_t>((n * c.channels + channel) * c.height + row) * c.width + column,
                    ((o * group_channels + g) * c.kernel_h + i) * c.kernel_w + j,
                    ((n * c.outputs + o) * c.top_height + y) * c.top_width + x);
              }
}

}  // namespace octrain::layers::cuda::testing
