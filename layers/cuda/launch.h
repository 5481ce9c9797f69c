// How our C++ asks for work on the device: functors over an index, and reductions. The templates are declared
// here and instantiated in the .cu files, which include their definitions.
#pragma once

#include <driver_types.h>

#include <cstdint>

namespace octrain::layers::cuda {

/// Threads of a block of a reduction; a power of two.
inline constexpr int kLanes = 256;

/// functor(i) for each i from 0 to `count` - 1, in any order and at the same time: an index may write only
/// what no other reads. The functor is copied; what it points to must stay until the stream has come to it.
template <class Functor>
[[nodiscard]] cudaError_t enqueue(const Functor& functor, std::int64_t count, cudaStream_t stream);

/// A block of kLanes threads for each of `blocks` values: lane(block, i) for each of the lanes, merge(a, b)
/// of these pairwise (lane i and lane i + kLanes / 2, then / 4, …), finish(block, value). A function of the
/// operands alone.
template <class Reduction>
[[nodiscard]] cudaError_t enqueue_reduction(const Reduction& reduction, std::int64_t blocks,
                                            cudaStream_t stream);

}  // namespace octrain::layers::cuda
