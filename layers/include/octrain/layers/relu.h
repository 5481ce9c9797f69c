// ReLU: top = max(0, bottom), in place or not. In place behind convolution, inner product, batch norm, scale
// or eltwise it is folded into that layer (net.h). Backward: bottom' = top' where top > 0, else 0.
#pragma once

namespace octrain::layers {

struct ReluParams {};

}  // namespace octrain::layers
