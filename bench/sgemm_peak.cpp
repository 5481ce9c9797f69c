// What a large single-precision matrix product reaches here with oneDNN: the yardstick for the speed of
// training. Prints GFLOP/s, the best of ten. Threads by OMP_NUM_THREADS.
#include <cstdio>
#include <exception>

#include "peaks.h"

int main() {
  try {
    std::printf("%.1f\n", octrain::bench::sgemm_flops_per_s() * 1e-9);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
