// RAM that can be taken now, for every backend.
#pragma once

#include <cstdint>

namespace octrain::runtime {

/// MemAvailable, and the process's memory cgroup's limit where lower.
[[nodiscard]] std::uint64_t available_ram_bytes();

}  // namespace octrain::runtime
