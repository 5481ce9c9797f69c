#include "host/page_mover.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

void release_pages(std::byte* start) {
  if (::madvise(start, kBlockBytes, MADV_DONTNEED) != 0) throw IoError("madvise(MADV_DONTNEED)", errno);
}

void remap(std::byte* target, std::byte* source) {
  // DONTUNMAP keeps the source's addresses ours; without it another mmap could take them.
  constexpr int kFlags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
  if (::mremap(source, kBlockBytes, kBlockBytes, kFlags, target) == MAP_FAILED) {
    throw IoError(
        errno == ENOMEM ? "mremap of a block (is vm.max_map_count large enough?)" : "mremap of a block",
        errno);
  }
}

}  // namespace

void MovingMover::install(std::byte* block, std::byte* slot) {
  userfault_.move(block, slot, kBlockBytes, true);
}
void MovingMover::remove(std::byte* block, std::byte* slot) {
  userfault_.move(slot, block, kBlockBytes, false);
}
void MovingMover::wake(std::byte* block) { userfault_.wake(block, kBlockBytes); }
void MovingMover::adopt(std::byte* slot) {
  // A page moves only into watched memory, and remove() will bring one here.
  userfault_.watch(slot, kBlockBytes);
}

void CopyingMover::install(std::byte* block, std::byte* slot) {
  userfault_.copy(block, slot, kBlockBytes);
  release_pages(slot);
}

void CopyingMover::remove(std::byte* block, std::byte* slot) {
  // Whoever writes from now on waits, so that the copy is all there ever was.
  userfault_.protect_writes(block, kBlockBytes);
  std::memcpy(slot, block, kBlockBytes);
  release_pages(block);
}

void CopyingMover::remove_dead(std::byte* block, std::byte*) { release_pages(block); }
void CopyingMover::wake(std::byte* block) { userfault_.wake(block, kBlockBytes); }

void RemappingMover::install(std::byte* block, std::byte* slot) { remap(block, slot); }
void RemappingMover::remove(std::byte* block, std::byte* slot) { remap(slot, block); }

}  // namespace octrain::runtime::host
