// Local response normalisation (Krizhevsky 2012): top = bottom / (k + alpha / size * S)^beta, S the sum of
// squares over `local_size` neighbouring channels (across), or over a local_size x local_size window of the
// same channel divided by its area (within; Caffe: k = 1).
#pragma once

namespace octrain::layers {

struct LrnParams {
  enum class Region { across_channels, within_channel };
  Region region = Region::across_channels;
  int local_size = 5;
  float alpha = 1, beta = 0.75f, k = 1;
};

}  // namespace octrain::layers
