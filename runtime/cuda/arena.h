// Memory that begins at a block, out of memory that CUDA aligns to less.
#pragma once

#include <cstddef>
#include <cstdint>

#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {

/// What has to be allocated for `bytes` from such a boundary on.
[[nodiscard]] constexpr std::uint64_t with_boundary(std::uint64_t bytes) { return bytes + kBlockBytes; }

[[nodiscard]] inline std::byte* first_block(std::byte* data) {
  const std::uint64_t past = reinterpret_cast<std::uintptr_t>(data) % kBlockBytes;
  return past == 0 ? data : data + (kBlockBytes - past);
}

}  // namespace octrain::runtime::cuda
