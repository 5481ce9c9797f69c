// Eltwise: bottoms of one shape -> top of that shape: coefficient-weighted sum, product, or maximum (on ties
// the gradient goes to the first bottom that attains it).
#pragma once

#include <vector>

namespace octrain::layers {

struct EltwiseParams {
  enum class Operation { sum, product, max };
  Operation operation = Operation::sum;
  std::vector<float> coefficients;  ///< sum only; empty: all 1
  bool relu = false;                ///< a folded ReLU follows
};

}  // namespace octrain::layers
