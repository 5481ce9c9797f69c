// Work that reads neighbours: pooling and LRN.
#include "functors/lrn.h"
#include "functors/pooling.h"
#include "instantiate.h"

namespace octrain::layers::cuda {

#define OCTRAIN_WINDOWS(T)                         \
  OCTRAIN_LAUNCH(MaximumForward<T, std::uint8_t>)  \
  OCTRAIN_LAUNCH(MaximumForward<T, std::int32_t>)  \
  OCTRAIN_LAUNCH(MaximumBackward<T, std::uint8_t>) \
  OCTRAIN_LAUNCH(MaximumBackward<T, std::int32_t>) \
  OCTRAIN_LAUNCH(AverageForward<T>)                \
  OCTRAIN_LAUNCH(AverageBackward<T>)               \
  OCTRAIN_LAUNCH(LrnSums<T>)                       \
  OCTRAIN_LAUNCH(LrnForward<T>)                    \
  OCTRAIN_LAUNCH(LrnBackward<T>)
OCTRAIN_OF_ELEMENTS(OCTRAIN_WINDOWS)

}  // namespace octrain::layers::cuda
