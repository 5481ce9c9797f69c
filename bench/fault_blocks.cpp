#include "fault_blocks.h"

#include <poll.h>
#include <sys/mman.h>

#include <thread>

#include "host/handles.h"
#include "host/userfault.h"
#include "octrain/runtime/units.h"

namespace octrain::bench {
namespace {

namespace host = runtime::host;

host::Mapping map_pages(std::uint64_t bytes, bool huge) {
  host::Mapping mapping(bytes);
  if (!huge) ::madvise(mapping.data(), mapping.size(), MADV_NOHUGEPAGE);
  return mapping;
}

/// Serves as many faults and ends. What it throws ends the program: the thread that touches would wait for
/// ever.
void serve(host::Userfault& userfault, std::byte* missing, std::byte* pages, const BlockFaults& of,
           std::size_t faults) noexcept {
  pollfd waiting{userfault.fd(), POLLIN, 0};
  for (std::size_t served = 0; served < faults;) {
    ::poll(&waiting, 1, -1);
    while (const auto fault = userfault.next_fault()) {
      const std::uint64_t offset =
          (*fault - reinterpret_cast<std::uintptr_t>(missing)) / of.block_bytes * of.block_bytes;
      if (of.by == PagesBy::move) {
        userfault.move(missing + offset, pages + offset, of.block_bytes, true);
      } else {
        userfault.copy(missing + offset, pages + offset, of.block_bytes);
      }
      ++served;
    }
  }
}

}  // namespace

bool can_move_pages() { return host::Userfault().can_move(); }

FaultTimes measure_blocks(const BlockFaults& of, std::size_t count) {
  const std::uint64_t bytes = count * of.block_bytes;
  const bool huge = of.block_bytes >= runtime::kBlockBytes;
  const host::Mapping missing = map_pages(bytes, huge), pages = map_pages(bytes, huge);
  std::fill_n(pages.data(), pages.size(), std::byte{1});
  host::Userfault userfault;
  userfault.watch(missing.data(), missing.size());
  const std::jthread server([&] { serve(userfault, missing.data(), pages.data(), of, count); });
  FaultTimes times;
  for (std::size_t block = 0; block < count; ++block) {
    std::byte* const at = missing.data() + block * of.block_bytes;
    times.time([&] { of.writes ? write_word(at, block) : void(read_word(at)); });
  }
  return times;
}

}  // namespace octrain::bench
