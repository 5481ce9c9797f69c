// The kernels of the memory's tests on a GPU. C++17: nvcc reads this too.
#pragma once

#include <driver_types.h>

#include <cstdint>

namespace octrain::runtime::cuda::gpu {

inline constexpr int kMostOperands = 64;

struct WordPages {
  std::uint64_t* first = nullptr;
  std::uint64_t count = 0;
};

/// An op of random_ops.h. `seen` is written by the device.
struct WordOp {
  std::uint64_t seed = 0;
  std::uint64_t* seen = nullptr;
  WordPages workspace;
  int reads = 0, writes = 0;
  WordPages read[kMostOperands], written[kMostOperands];
};

// All enqueue. `wrong` becomes 1 where contents are not what is expected.
cudaError_t fill(cudaStream_t stream, void* at, unsigned char value, std::uint64_t bytes);
cudaError_t expect_filled(cudaStream_t stream, const void* at, unsigned char value, std::uint64_t bytes,
                          std::uint32_t* wrong);
/// Words start + step, start + 2 * step, …
cudaError_t write_words(cudaStream_t stream, void* at, std::uint64_t start, std::uint64_t step,
                        std::uint64_t words);
cudaError_t expect_words(cudaStream_t stream, const void* at, std::uint64_t start, std::uint64_t step,
                         std::uint64_t words, std::uint32_t* wrong);
cudaError_t run_op(cudaStream_t stream, const WordOp& op);

}  // namespace octrain::runtime::cuda::gpu
