// What CUDA device there is, or why there is none to be used.
#pragma once

#include <driver_types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace octrain::runtime::cuda {

struct DeviceFacts {
  int ordinal = 0;
  std::string name;
  int compute_major = 0, compute_minor = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
  int driver_version = 0;   ///< the newest CUDA that the driver speaks: 1000 × major + 10 × minor
  int runtime_version = 0;  ///< the toolkit's
  bool concurrent_managed_access = false;  ///< managed memory may be oversubscribed: modes um and um-naive
  bool discard = false;                    ///< the toolkit (13 or later) declares contents dead
};

struct DeviceProbe {
  std::optional<DeviceFacts> facts;
  std::string why_not;  ///< one sentence for the user, if there are no facts
};

/// Never throws. Makes the device's context in this process, for its memory's sake.
[[nodiscard]] DeviceProbe probe_device(int ordinal = 0) noexcept;

/// As the driver says them; both throw CudaError.
[[nodiscard]] std::string device_name(int ordinal);
[[nodiscard]] int device_attribute(cudaDeviceAttr which, int ordinal);

}  // namespace octrain::runtime::cuda
