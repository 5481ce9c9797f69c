// The CUDA backend: one GPU, with the host's RAM below its memory.
#pragma once

#include <memory>
#include <string>

#include "platform.h"

namespace octrain::apps {

/// Why no GPU can be used here; empty: one can.
[[nodiscard]] std::string why_no_cuda();
/// Throws DeviceError where none can be used, UsageError for options of the host backend.
[[nodiscard]] std::unique_ptr<Platform> open_cuda_platform(const WorkloadOptions& workload,
                                                           const MemoryOptions& memory);
[[nodiscard]] std::string describe_cuda();

}  // namespace octrain::apps
