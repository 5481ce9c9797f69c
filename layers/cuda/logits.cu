// Softmax loss and accuracy.
#include "functors/logits.h"
#include "launch_definitions.h"

namespace octrain::layers::cuda {

template cudaError_t enqueue_reduction(const LargestLogit&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const ExponentialSum&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const SoftmaxGradient&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const LabelRank&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const TotalOfImages<SoftmaxLossOf>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue_reduction(const TotalOfImages<IsRight>&, std::int64_t, cudaStream_t);

}  // namespace octrain::layers::cuda
