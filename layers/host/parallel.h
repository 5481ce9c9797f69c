// Loops over the compute threads: a static split, so that which thread does what is a function of the counts
// alone.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace octrain::layers::host {

/// Compute threads of this process (make_host_backend sets it).
[[nodiscard]] int thread_count();
void set_thread_count(int threads);

/// fn(begin, end) over pieces of [0, count), one a thread; pieces start at multiples of `grain`, and a range
/// of one grain stays on the calling thread.
template <class Function>
void parallel_ranges(std::int64_t count, std::int64_t grain, const Function& fn) {
  const std::int64_t grains = (count + grain - 1) / grain;
  if (grains <= 1) {
    if (count > 0) fn(std::int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(thread_count())
  {
    const std::int64_t team = omp_get_num_threads(), member = omp_get_thread_num();
    const std::int64_t begin = std::min(count, grains * member / team * grain);
    const std::int64_t end = std::min(count, grains * (member + 1) / team * grain);
    if (begin < end) fn(begin, end);
  }
}

/// fn(i) for each i in [0, count).
template <class Function>
void parallel_for(std::int64_t count, const Function& fn) {
  parallel_ranges(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) fn(i);
  });
}

/// Floats a thread should have at least, in loops that memory bounds.
inline constexpr std::int64_t kElementwiseGrain = 4096;

/// fn(begin, end) over runs of floats.
template <class Function>
void parallel_elements(std::int64_t count, const Function& fn) {
  parallel_ranges(count, kElementwiseGrain, fn);
}

}  // namespace octrain::layers::host
