// Dropout: top = bottom * mask / (1 - ratio) in training, bottom in testing; in place or not. The mask is a
// function of seed, layer, iteration and logical element index (n, c, h, w) alone, so backward makes it again
// and nothing is stored.
#pragma once

namespace octrain::layers {

struct DropoutParams {
  float ratio = 0.5f;
};

}  // namespace octrain::layers
