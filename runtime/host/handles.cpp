#include "host/handles.h"

#include <cstdint>
#include <string>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {

Mapping::Mapping(std::size_t bytes) : reserved_bytes_(bytes + kBlockBytes), bytes_(bytes) {
  void* start = ::mmap(nullptr, reserved_bytes_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    throw OutOfDeviceMemory("cannot reserve " + format_bytes(bytes) +
                                " of address space (see `ulimit -v` and vm.overcommit_memory)",
                            bytes);
  }
  reserved_ = start;
  const auto begin = reinterpret_cast<std::uintptr_t>(start);
  data_ = static_cast<std::byte*>(start) + (round_up(begin, kBlockBytes) - begin);
  // Both are wishes: without huge pages everything works, slower.
  ::madvise(data_, bytes_, MADV_HUGEPAGE);
  ::madvise(data_, bytes_, MADV_DONTFORK);
}

}  // namespace octrain::runtime::host
