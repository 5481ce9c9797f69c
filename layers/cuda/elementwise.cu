// Work that goes over elements one by one.
#include "functors/concat.h"
#include "functors/dropout.h"
#include "functors/elementwise.h"
#include "functors/eltwise.h"
#include "functors/update.h"
#include "instantiate.h"

namespace octrain::layers::cuda {

#define OCTRAIN_ELEMENTWISE(T)                    \
  OCTRAIN_LAUNCH(Copy<T, T>)                      \
  OCTRAIN_LAUNCH(Rectify<T>)                      \
  OCTRAIN_LAUNCH(RectifyGradient<T>)              \
  OCTRAIN_LAUNCH(Dropout<T>)                      \
  OCTRAIN_LAUNCH(CopyRuns<T>)                     \
  OCTRAIN_LAUNCH(EltwiseForward<T, 2>)            \
  OCTRAIN_LAUNCH(EltwiseForward<T, 3>)            \
  OCTRAIN_LAUNCH(EltwiseForward<T, 4>)            \
  OCTRAIN_LAUNCH(EltwiseForward<T, kMostBottoms>) \
  OCTRAIN_LAUNCH(EltwiseBackward<T, 2>)           \
  OCTRAIN_LAUNCH(EltwiseBackward<T, 3>)           \
  OCTRAIN_LAUNCH(EltwiseBackward<T, 4>)           \
  OCTRAIN_LAUNCH(EltwiseBackward<T, kMostBottoms>)
OCTRAIN_OF_ELEMENTS(OCTRAIN_ELEMENTWISE)

#define OCTRAIN_CONVERSIONS(T)   \
  OCTRAIN_LAUNCH(Copy<float, T>) \
  OCTRAIN_LAUNCH(Copy<T, float>)
OCTRAIN_OF_HALF_ELEMENTS(OCTRAIN_CONVERSIONS)

OCTRAIN_LAUNCH(FindOverflow)
OCTRAIN_LAUNCH(SgdStep<false>)
OCTRAIN_LAUNCH(SgdStep<true>)
OCTRAIN_LAUNCH(AdamStep<false>)
OCTRAIN_LAUNCH(AdamStep<true>)

}  // namespace octrain::layers::cuda
