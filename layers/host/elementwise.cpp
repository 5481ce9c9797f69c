#include "elementwise.h"

#include "parallel.h"

namespace octrain::layers::host {

void add(float* to, const float* from, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

void mask_gradient(const float* top, float* gradient, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float value = gradient[i];
      gradient[i] = top[i] > 0 ? value : 0.0f;
    }
  });
}

}  // namespace octrain::layers::host
