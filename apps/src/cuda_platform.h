// The CUDA backend: one GPU, with the host's RAM below its memory.
#pragma once

#include <memory>
#include <string>

#include "platform.h"

namespace octrain::apps {

/// Throws DeviceError where none can be used, UsageError for options of the host backend.
[[nodiscard]] std::unique_ptr<Platform> open_cuda_platform(const WorkloadOptions& workload,
                                                           const MemoryOptions& memory);
/// Null where there is no GPU, or where an option is given that only the host backend has. What is wrong with
/// a GPU that is there is thrown.
[[nodiscard]] std::unique_ptr<Platform> try_cuda_platform(const WorkloadOptions& workload,
                                                          const MemoryOptions& memory);
[[nodiscard]] std::string describe_cuda();

}  // namespace octrain::apps
