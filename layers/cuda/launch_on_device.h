#pragma once

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system_error.h>
#include <thrust/version.h>

#include "launch.h"

namespace octrain::layers::cuda {

/// Thrust of CUDA 11.8 always waits for what it has started.
inline auto on_stream(cudaStream_t stream) {
#if THRUST_VERSION >= 101600
  return thrust::cuda::par_nosync.on(stream);
#else
  return thrust::cuda::par.on(stream);
#endif
}

template <class Functor>
cudaError_t enqueue(const Functor& functor, std::int64_t count, cudaStream_t stream) {
  if (count <= 0) return cudaSuccess;
  try {
    thrust::for_each_n(on_stream(stream), thrust::counting_iterator<std::int64_t>(0), count, functor);
  } catch (const thrust::system_error& error) {
    return static_cast<cudaError_t>(error.code().value());
  }
  return cudaSuccess;
}

template <class Reduction>
__global__ void reduce_block(const Reduction reduction) {
  __shared__ typename Reduction::Value lanes[kLanes];
  const int lane = static_cast<int>(threadIdx.x);
  const std::int64_t block = blockIdx.x;
  lanes[lane] = reduction.lane(block, lane);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) lanes[lane] = Reduction::merge(lanes[lane], lanes[lane + half]);
  }
  if (lane == 0) reduction.finish(block, lanes[0]);
}

template <class Reduction>
cudaError_t enqueue_reduction(const Reduction& reduction, std::int64_t blocks, cudaStream_t stream) {
  if (blocks <= 0) return cudaSuccess;
  reduce_block<<<static_cast<unsigned>(blocks), kLanes, 0, stream>>>(reduction);
  return cudaGetLastError();
}

}  // namespace octrain::layers::cuda
