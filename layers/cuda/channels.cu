// Work that knows channels, and sums over them.
#include "functors/batch_norm.h"
#include "functors/scale.h"
#include "launch_definitions.h"

namespace octrain::layers::cuda {

template cudaError_t enqueue(const ScaleForward&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const ChannelSums<ScaleTerms>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const ScaleParameters&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const ScaleBackward&, std::int64_t, cudaStream_t);

template cudaError_t enqueue_reduction(const ChannelSums<MomentTerms>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const MergeMoments&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const FinishTraining&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const FinishTesting&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const Normalise&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const ChannelSums<GradientTerms>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const StoreSums&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const NormParameters&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const NormSlopes&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const NormBackward&, std::int64_t, cudaStream_t);

}  // namespace octrain::layers::cuda
