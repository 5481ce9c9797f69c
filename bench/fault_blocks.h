// What a fault would cost if blocks were smaller: userfaultfd by itself, without the space's account and
// tier.
#pragma once

#include "fault_times.h"

namespace octrain::bench {

enum class PagesBy { move, copy };

/// Does the kernel have UFFDIO_MOVE? Throws DeviceError where userfaultfd is refused.
[[nodiscard]] bool can_move_pages();

struct BlockFaults {
  std::uint64_t block_bytes = 0;
  PagesBy by = PagesBy::move;
  bool writes = false;  ///< what touches writes; else it reads
};

/// A thread touches so many blocks of missing memory, one after the other; another puts pages there. Moved
/// pages are huge where a block is 2 MiB; copied ones are of 4 KiB.
[[nodiscard]] FaultTimes measure_blocks(const BlockFaults& of, std::size_t count);

}  // namespace octrain::bench
