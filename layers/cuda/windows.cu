// Work that reads neighbours: pooling and LRN.
#include "functors/lrn.h"
#include "functors/pooling.h"
#include "launch_definitions.h"

namespace octrain::layers::cuda {

template cudaError_t enqueue(const MaximumForward<std::uint8_t>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const MaximumForward<std::int32_t>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const MaximumBackward<std::uint8_t>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const MaximumBackward<std::int32_t>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const AverageForward&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const AverageBackward&, std::int64_t, cudaStream_t);

template cudaError_t enqueue(const LrnSums&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const LrnForward&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const LrnBackward&, std::int64_t, cudaStream_t);

}  // namespace octrain::layers::cuda
