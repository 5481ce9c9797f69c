#include "peaks.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>
#include <vector>

namespace octrain::bench {
namespace {

template <class Function>
double least_seconds(const Function& run) {
  constexpr int kRuns = 10;
  double least = 0;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    least = i == 0 ? seconds.count() : std::min(least, seconds.count());
  }
  return least;
}

constexpr std::ptrdiff_t kFloats = std::ptrdiff_t{1} << 26;  // 256 MiB

// Pages lie where the thread that works on them touched them first; hence no std::vector.
std::unique_ptr<float[]> make_array(float value) {
  auto array = std::make_unique_for_overwrite<float[]>(kFloats);
  float* const to = array.get();
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < kFloats; ++i) to[i] = value;
  return array;
}

void copy(const float* from, float* to) {
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < kFloats; ++i) to[i] = from[i];
}

void triad(const float* b, const float* c, float* a) {
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < kFloats; ++i) a[i] = b[i] + 3.0f * c[i];
}

}  // namespace

double sgemm_flops_per_s() {
  constexpr dnnl_dim_t kSize = 2048;
  const std::vector<float> a(kSize * kSize, 0.5f), b(kSize * kSize, 0.25f);
  std::vector<float> c(kSize * kSize);
  const double seconds = least_seconds([&] {
    if (dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1, a.data(), kSize, b.data(), kSize, 0, c.data(), kSize) !=
        dnnl_success)
      throw std::runtime_error("dnnl_sgemm failed");
  });
  return 2.0 * kSize * kSize * kSize / seconds;
}

MemorySpeed measure_memory() {
  const auto a = make_array(0), b = make_array(1), c = make_array(2);
  const auto speed = [](int arrays, double seconds) {
    return static_cast<double>(arrays) * static_cast<double>(kFloats) * sizeof(float) / seconds;
  };
  MemorySpeed result;
  result.copy_bytes_per_s = speed(2, least_seconds([&] { copy(b.get(), a.get()); }));
  result.triad_bytes_per_s = speed(3, least_seconds([&] { triad(b.get(), c.get(), a.get()); }));
  return result;
}

}  // namespace octrain::bench
