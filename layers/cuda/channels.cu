// Work that knows channels, and sums over them.
#include "functors/batch_norm.h"
#include "functors/bias.h"
#include "functors/scale.h"
#include "instantiate.h"

namespace octrain::layers::cuda {

#define OCTRAIN_SCALE(T)                     \
  OCTRAIN_LAUNCH(ScaleForward<T>)            \
  OCTRAIN_REDUCE(ChannelSums<ScaleTerms<T>>) \
  OCTRAIN_LAUNCH(ScaleBackward<T>)
OCTRAIN_OF_ELEMENTS(OCTRAIN_SCALE)
OCTRAIN_LAUNCH(ScaleParameters)

#define OCTRAIN_BATCH_NORM(T)                   \
  OCTRAIN_REDUCE(ChannelSums<MomentTerms<T>>)   \
  OCTRAIN_LAUNCH(MergeMoments<T>)               \
  OCTRAIN_LAUNCH(Normalise<T>)                  \
  OCTRAIN_REDUCE(ChannelSums<GradientTerms<T>>) \
  OCTRAIN_LAUNCH(NormBackward<T>)
OCTRAIN_OF_ELEMENTS(OCTRAIN_BATCH_NORM)
OCTRAIN_LAUNCH(FinishTraining)
OCTRAIN_LAUNCH(FinishTesting)
OCTRAIN_LAUNCH(StoreSums)
OCTRAIN_LAUNCH(NormParameters)
OCTRAIN_LAUNCH(NormSlopes)

#define OCTRAIN_BIAS(T)      \
  OCTRAIN_LAUNCH(AddBias<T>) \
  OCTRAIN_REDUCE(ChannelSums<BiasTerms<T>>)
OCTRAIN_OF_HALF_ELEMENTS(OCTRAIN_BIAS)
OCTRAIN_LAUNCH(BiasGradient)

}  // namespace octrain::layers::cuda
