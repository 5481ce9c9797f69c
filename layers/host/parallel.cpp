#include "parallel.h"

#include <atomic>

namespace octrain::layers::host {

namespace {
std::atomic<int> compute_threads = 0;  // 0: not set
}

int thread_count() {
  const int threads = compute_threads;
  return threads > 0 ? threads : omp_get_max_threads();
}

void set_thread_count(int threads) {
  // oneDNN fits its plans to the calling thread's setting. Asked once, so that every thread goes by the same
  // number.
  compute_threads = threads > 0 ? threads : omp_get_max_threads();
  omp_set_num_threads(compute_threads);
}

}  // namespace octrain::layers::host
