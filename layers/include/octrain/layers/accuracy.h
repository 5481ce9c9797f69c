// Accuracy: bottoms logits and labels -> scalar, the share of images whose label is among the top_k logits
// (ties: the lower class wins). Images with a negative label are padding and are left out (the scalar is a
// sum; the trainer divides by what it counted).
#pragma once

namespace octrain::layers {

struct AccuracyParams {
  int top_k = 1;
};

}  // namespace octrain::layers
