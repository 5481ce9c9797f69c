// The host backend: processors, with RAM as the device memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "platform.h"

namespace octrain::apps {

[[nodiscard]] std::unique_ptr<Platform> open_host_platform(const WorkloadOptions& workload,
                                                           const MemoryOptions& memory);
[[nodiscard]] std::string describe_host(const std::filesystem::path& tier_dir);

/// RAM that a budget may take now; the rest is left to the system and the libraries.
[[nodiscard]] std::uint64_t usable_ram_bytes();

}  // namespace octrain::apps
