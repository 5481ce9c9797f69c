// Work that goes over floats one by one.
#include "functors/concat.h"
#include "functors/dropout.h"
#include "functors/elementwise.h"
#include "functors/eltwise.h"
#include "functors/update.h"
#include "launch_definitions.h"

namespace octrain::layers::cuda {

template cudaError_t enqueue(const Copy&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const Rectify&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const RectifyGradient&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const Dropout&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseForward<2>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseForward<3>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseForward<4>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseForward<kMostBottoms>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseBackward<2>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseBackward<3>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseBackward<4>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const EltwiseBackward<kMostBottoms>&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const CopyRuns&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const SgdStep&, std::int64_t, cudaStream_t);
template cudaError_t enqueue(const AdamStep&, std::int64_t, cudaStream_t);

}  // namespace octrain::layers::cuda
