// The slots: 2 MiB places beside the tensors where pages wait (free frames), are filled and written out, or
// stand as the RAM tier's copy of a block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/handles.h"
#include "host/page_mover.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {

using SlotId = std::uint32_t;
inline constexpr SlotId kNoSlot = ~SlotId{0};

/// A slot with a page that nobody uses. A fresh one has none yet: see make_page().
struct Frame {
  SlotId slot = kNoSlot;
  bool fresh = false;
};

/// There are always as many slots in use as pages, so that a page taken from a block finds an empty one. Not
/// thread-safe, but for address() and make_page().
class MemorySlots {
 public:
  MemorySlots(std::uint32_t capacity, PageMover& mover)
      : memory_(static_cast<std::size_t>(capacity) * kBlockBytes), capacity_(capacity), mover_(mover) {}

  [[nodiscard]] std::byte* address(SlotId slot) const { return memory_.data() + slot * kBlockBytes; }
  [[nodiscard]] Frame take_frame();
  /// Gives a fresh frame its page. This may take milliseconds: not under a lock.
  void make_page(SlotId slot);
  [[nodiscard]] SlotId take_empty();
  void put_frame(SlotId slot) { frames_.push_back(slot); }
  void put_empty(SlotId slot) { empty_.push_back(slot); }

 private:
  Mapping memory_;
  std::uint32_t capacity_;
  std::uint32_t used_ = 0;
  std::vector<SlotId> frames_;
  std::vector<SlotId> empty_;
  PageMover& mover_;
};

}  // namespace octrain::runtime::host
