// Elementwise work that several kernels need.
#pragma once

#include <driver_types.h>

#include <cstdint>

namespace octrain::layers::cuda {

/// to[i] += from[i].
void add(float* to, const float* from, std::int64_t count, cudaStream_t stream);

/// Backward of a folded ReLU, in place: gradient[i] = 0 where top[i] is not positive.
void mask_gradient(const float* top, float* gradient, std::int64_t count, cudaStream_t stream);

}  // namespace octrain::layers::cuda
