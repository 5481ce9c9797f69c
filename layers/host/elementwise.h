// Elementwise loops that several kernels need.
#pragma once

#include <cstdint>

namespace octrain::layers::host {

/// to[i] += from[i].
void add(float* to, const float* from, std::int64_t count);

/// Backward of a folded ReLU, in place: gradient[i] = 0 where top[i] is not positive.
void mask_gradient(const float* top, float* gradient, std::int64_t count);

}  // namespace octrain::layers::host
