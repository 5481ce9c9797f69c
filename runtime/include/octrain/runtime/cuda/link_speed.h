// How fast the link between host and device is: what plans are made with until a training has measured it.
#pragma once

namespace octrain::runtime::cuda {

struct LinkSpeed {
  double in_bytes_per_s = 0;   ///< host to device
  double out_bytes_per_s = 0;  ///< device to host
};

/// Copies some pinned memory to and fro, one direction at a time: tens of milliseconds, and 64 MiB each of
/// device memory and pinned RAM meanwhile. Throws OutOfDeviceMemory, CudaError.
[[nodiscard]] LinkSpeed measure_link(int device = 0);

}  // namespace octrain::runtime::cuda
