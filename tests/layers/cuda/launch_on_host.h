// The definitions of launch.h for .cu files that are compiled for the host: the same Thrust algorithm over
// the same functors, by one of Thrust's systems for the host (THRUST_DEVICE_SYSTEM), when the stream has come
// to it.
#pragma once

#include <cuda_runtime_api.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <vector>

#include "launch.h"
#include "layers/cuda/launch_order.h"

namespace octrain::layers::cuda {

template <class Functor>
struct InOrder {
  Functor functor;
  std::int64_t last;
  void operator()(std::int64_t i) const { functor(launches_run_backwards ? last - i : i); }
};

template <class Functor>
cudaError_t enqueue(const Functor& functor, std::int64_t count, cudaStream_t stream) {
  const cudaError_t reached = cudaStreamSynchronize(stream);
  if (reached != cudaSuccess || count <= 0) return reached;
  thrust::for_each_n(thrust::device, thrust::counting_iterator<std::int64_t>(0), count,
                     InOrder<Functor>{functor, count - 1});
  return cudaSuccess;
}

/// A block of a reduction, its lanes one after another.
template <class Reduction>
struct Block {
  Reduction reduction;
  void operator()(std::int64_t block) const {
    std::vector<typename Reduction::Value> lanes(kLanes);
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes[static_cast<std::size_t>(lane)] = reduction.lane(block, lane);
    }
    for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
      for (std::size_t lane = 0; lane < half; ++lane) {
        lanes[lane] = Reduction::merge(lanes[lane], lanes[lane + half]);
      }
    }
    reduction.finish(block, lanes[0]);
  }
};

template <class Reduction>
cudaError_t enqueue_reduction(const Reduction& reduction, std::int64_t blocks, cudaStream_t stream) {
  return enqueue(Block<Reduction>{reduction}, blocks, stream);
}

}  // namespace octrain::layers::cuda
