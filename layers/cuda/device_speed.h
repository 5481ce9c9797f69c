// What a card sustains, estimated from what the driver says of it. For planning before anything was measured.
#pragma once

#include <cstdint>

namespace octrain::layers::cuda {

/// As the driver's attributes give them; 0 where it does not say.
struct DeviceAttributes {
  int major = 0, minor = 0;  ///< compute capability
  int multiprocessors = 0;
  int clock_khz = 0;
  int memory_clock_khz = 0;
  int memory_bus_bits = 0;
};

/// Of convolutions and matrix products.
[[nodiscard]] double sustained_flops_per_s(const DeviceAttributes& device, bool tf32);
/// Of elementwise work, read and written together.
[[nodiscard]] double sustained_memory_bytes_per_s(const DeviceAttributes& device);

/// What cuBLAS takes for its workspace on such a card, by NVIDIA's recommendation for cublasSetWorkspace.
[[nodiscard]] std::uint64_t gemm_workspace_bytes(const DeviceAttributes& device);

}  // namespace octrain::layers::cuda
