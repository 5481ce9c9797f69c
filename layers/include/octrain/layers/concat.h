// Concat: bottoms (n, c_i, h, w) -> top (n, sum of c_i, h, w), along channels.
#pragma once

namespace octrain::layers {

struct ConcatParams {};

}  // namespace octrain::layers
