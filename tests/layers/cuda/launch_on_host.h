// The definitions of launch.h for .cu files that are compiled for the host: the same Thrust algorithm over
// the same functors, by one of Thrust's systems for the host (THRUST_DEVICE_SYSTEM), on the fake device's
// stream.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <vector>

#include "fake_cuda/fake_cuda.h"
#include "launch.h"
#include "layers/cuda/launch_order.h"

namespace octrain::layers::cuda {

template <class Functor>
cudaError_t enqueue(const Functor& functor, std::int64_t count, cudaStream_t stream) {
  if (count <= 0) return cudaSuccess;
  const std::int64_t last = launches_run_backwards ? count - 1 : 0;
  const auto work = [=] {
    thrust::for_each_n(thrust::device, thrust::counting_iterator<std::int64_t>(0), count,
                       [=](std::int64_t i) { functor(last > 0 ? last - i : i); });
  };
  return fake_cuda::launch(stream, {}, {}, work, Functor::kName);
}

/// The blocks of a reduction, each with its lanes one after another.
template <class Reduction>
struct Blocks {
  static constexpr const char* kName = Reduction::kName;
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
  return enqueue(Blocks<Reduction>{reduction}, blocks, stream);
}

}  // namespace octrain::layers::cuda
