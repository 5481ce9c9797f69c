#include "device_speed.h"

#include "octrain/runtime/units.h"

namespace octrain::layers::cuda {

namespace {

// The share of the peak that large convolutions and products, and plain passes over memory, come to.
constexpr double kComputeShare = 0.6, kMemoryShare = 0.8;
// Where the driver is silent: less than any card has that the toolkits still serve.
constexpr double kLeastFlopsPerSecond = 2e12, kLeastMemoryBytesPerSecond = 80e9;

/// Single-precision multiply-adds of one multiprocessor in one cycle (CUDA C++ Programming Guide, arithmetic
/// instructions).
int lanes(const DeviceAttributes& device) {
  const bool half_width = (device.major == 6 && device.minor == 0) || device.major == 7 ||
                          (device.major == 8 && device.minor == 0);
  return half_width ? 64 : 128;
}

/// How much faster tensor cores multiply TF32. Cards for data centres (x.0) have eight times the peak and
/// more, of which convolutions keep half; on the others it is about that of single precision.
double tf32_gain(const DeviceAttributes& device) { return device.major >= 8 && device.minor == 0 ? 4 : 1; }

}  // namespace

double sustained_flops_per_s(const DeviceAttributes& device, bool tf32) {
  const double peak = 2.0 * lanes(device) * device.multiprocessors * device.clock_khz * 1e3;
  if (peak <= 0) return kLeastFlopsPerSecond;
  return peak * kComputeShare * (tf32 ? tf32_gain(device) : 1);
}

double sustained_memory_bytes_per_s(const DeviceAttributes& device) {
  // Two transfers in a cycle of the clock that the driver tells, whatever the kind of memory.
  const double peak = 2.0 * device.memory_clock_khz * 1e3 * device.memory_bus_bits / 8;
  return peak > 0 ? peak * kMemoryShare : kLeastMemoryBytesPerSecond;
}

std::uint64_t gemm_workspace_bytes(const DeviceAttributes& device) {
  return (device.major >= 9 ? 32 : 4) * runtime::kMiB;
}

}  // namespace octrain::layers::cuda
