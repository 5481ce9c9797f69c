// Softmax with loss: bottoms logits (n, classes, 1, 1) and labels (n, 1, 1, 1) -> scalar loss = -mean over
// images of log softmax at the label. Backward: logits' = loss_weight * (softmax - onehot) / n. The top's
// name is the name of the scalar.
#pragma once

namespace octrain::layers {

struct SoftmaxLossParams {
  float loss_weight = 1;
};

}  // namespace octrain::layers
