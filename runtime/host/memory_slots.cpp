#include "host/memory_slots.h"

#include <stdexcept>

namespace octrain::runtime::host {
namespace {

void touch(std::byte* start) {
  constexpr std::size_t kSmallPage = 4096;  // the first touch takes a huge page where there is one
  for (std::size_t offset = 0; offset < kBlockBytes; offset += kSmallPage) {
    *static_cast<volatile std::byte*>(start + offset) = std::byte{0};
  }
}

SlotId pop(std::vector<SlotId>& slots) {
  const SlotId slot = slots.back();
  slots.pop_back();
  return slot;
}

}  // namespace

Frame MemorySlots::take_frame() {
  if (!frames_.empty()) return {pop(frames_), false};
  if (used_ == capacity_) throw std::logic_error("more pages than the blocks and the budget can hold");
  return {used_++, true};
}

void MemorySlots::make_page(SlotId slot) {
  touch(address(slot));
  mover_.adopt(address(slot));
}

SlotId MemorySlots::take_empty() {
  if (empty_.empty()) throw std::logic_error("a page without a slot");
  return pop(empty_);
}

}  // namespace octrain::runtime::host
