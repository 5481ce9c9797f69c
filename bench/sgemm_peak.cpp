// What a large single-precision matrix product reaches here with oneDNN: the yardstick for the speed of
// training. Prints GFLOP/s, the best of ten. Threads by OMP_NUM_THREADS.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

int main() {
  constexpr dnnl_dim_t kSize = 2048;
  constexpr double kFlops = 2.0 * kSize * kSize * kSize;
  const std::vector<float> a(kSize * kSize, 0.5f), b(kSize * kSize, 0.25f);
  std::vector<float> c(kSize * kSize);
  double best = 0;
  for (int run = 0; run < 10; ++run) {
    const auto start = std::chrono::steady_clock::now();
    if (dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1, a.data(), kSize, b.data(), kSize, 0, c.data(), kSize) !=
        dnnl_success) {
      std::fputs("dnnl_sgemm failed\n", stderr);
      return 1;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, kFlops / seconds.count());
  }
  std::printf("%.1f\n", best * 1e-9);
}
