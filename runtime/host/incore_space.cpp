#include "host/incore_space.h"

#include <algorithm>

namespace octrain::runtime::host {

void IncoreSpace::write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) {
  std::copy(from.begin(), from.end(), address(tensor) + offset);
}

void IncoreSpace::read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) {
  std::copy_n(address(tensor) + offset, to.size(), to.data());
}

MemoryCounters IncoreSpace::take_counters() {
  MemoryCounters counters;
  counters.peak_resident_bytes = resident_bytes();
  return counters;
}

}  // namespace octrain::runtime::host
