// What this machine reaches at best: the yardsticks for kernels. Each is the best of ten runs; threads by
// OpenMP's setting.
#pragma once

namespace octrain::bench {

/// A large single-precision matrix product with oneDNN. Throws std::runtime_error when oneDNN refuses.
[[nodiscard]] double sgemm_flops_per_s();

/// STREAM's copy and triad on arrays that no cache holds: what the loops read and write, not what the caches
/// bring before a write.
struct MemorySpeed {
  double copy_bytes_per_s = 0;
  double triad_bytes_per_s = 0;
};
[[nodiscard]] MemorySpeed measure_memory();

}  // namespace octrain::bench
