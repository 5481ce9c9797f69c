#include "elementwise.h"

#include "parallel.h"

namespace octrain::layers::host {

void add(float* to, const float* from, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

void mask_gradient(const float* top, float* gradient, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) gradient[i] = top[i] > 0 ? gradient[i] : 0.0f;
  });
}

}  // namespace octrain::layers::host
