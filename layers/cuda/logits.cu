// Softmax loss and accuracy.
#include "functors/logits.h"
#include "instantiate.h"

namespace octrain::layers::cuda {

#define OCTRAIN_LOGITS(T)                         \
  OCTRAIN_REDUCE(LargestLogit<T>)                 \
  OCTRAIN_REDUCE(ExponentialSum<T>)               \
  OCTRAIN_LAUNCH(SoftmaxGradient<T>)              \
  OCTRAIN_REDUCE(LabelRank<T>)                    \
  OCTRAIN_REDUCE(TotalOfImages<SoftmaxLossOf<T>>) \
  OCTRAIN_REDUCE(TotalOfImages<IsRight<T>>)
OCTRAIN_OF_ELEMENTS(OCTRAIN_LOGITS)

}  // namespace octrain::layers::cuda
