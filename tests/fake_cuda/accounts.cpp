#include "fake_cuda/accounts.h"

#include <algorithm>
#include <string>

namespace octrain::fake_cuda {
namespace {

/// How much of a block belongs to the memory.
std::uint64_t bytes_of(const Memory& memory, std::size_t block) {
  const std::uint64_t end = memory.begin_in_block + memory.bytes;
  const std::uint64_t begin = std::max(memory.begin_in_block, block * kBlockBytes);
  return std::min(end, (block + 1) * kBlockBytes) - begin;
}

/// "at 0x… (block 3 of 8 MiB …)"
std::string place_text(const Piece& piece, std::uint64_t offset) {
  const auto* address = as_pointer(piece.address + (offset - piece.offset));
  std::string text = "at " + hexadecimal(address);
  const Memory& memory = *piece.region->memory;
  if (memory.kind == MemoryKind::kManaged)
    text += " (block " + std::to_string((memory.begin_in_block + offset) / kBlockBytes) + " of the " +
            std::to_string(memory.bytes) + " bytes that call " + std::to_string(piece.region->call) +
            " allocated)";
  return text;
}

bool is_hint(Touch touch) {
  return touch == Touch::kToDevice || touch == Touch::kToHost || touch == Touch::kDiscard;
}

}  // namespace

bool Accounts::touch(Range range, const Use& use, Toucher toucher) {
  if (range.bytes == 0) return true;
  const std::vector<Piece> pieces = space_.resolve(range.address, range.bytes);
  const bool all_managed = std::all_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
    return piece.region->memory->kind == MemoryKind::kManaged;
  });
  if (pieces.empty() || (is_hint(use.touch) && !all_managed)) {
    journal_.violate(Defect::kNotMapped, use.call,
                     hexadecimal(range.address) + "+" + std::to_string(range.bytes) + " is not " +
                         (is_hint(use.touch) ? "managed" : "accessible") + " memory as a whole");
    return false;
  }
  for (const Piece& piece : pieces) {
    check_order(piece, use);
    if (use.moment) piece.region->uses.add(*use.moment, use.call);
    if (all_managed) move_blocks(piece, use, toucher);
  }
  return true;
}

void Accounts::check_order(const Piece& piece, const Use& use) {
  History& history = piece.region->memory->history;
  const std::uint64_t end = piece.offset + piece.bytes;
  if (use.touch == Touch::kRead) {
    if (const auto discarded = history.first_discarded(piece.offset, end))
      journal_.violate(Defect::kUseOfDiscarded, use.call,
                       "reads what is discarded, " + place_text(piece, *discarded));
  }
  for (const Collision& collision : history.add(piece.offset, end, use))
    journal_.violate(Defect::kMissingOrder, use.call,
                     "nothing orders it after " + journal_.describe(collision.call) +
                         ", which uses the same bytes " + place_text(piece, collision.offset));
}

void Accounts::move_blocks(const Piece& piece, const Use& use, Toucher toucher) {
  Memory& memory = *piece.region->memory;
  const std::uint64_t begin = memory.begin_in_block + piece.offset;
  const std::uint64_t end = begin + piece.bytes;
  for (std::size_t block = begin / kBlockBytes; block * kBlockBytes < end; ++block) {
    const bool whole = begin <= block * kBlockBytes && (block + 1) * kBlockBytes <= end;
    if (use.touch == Touch::kDiscard && !whole) continue;  // the driver keeps the block
    move_block(memory.blocks[block], bytes_of(memory, block), use, toucher);
  }
}

void Accounts::move_block(Block& block, std::uint64_t bytes, const Use& use, Toucher toucher) {
  switch (use.touch) {
    case Touch::kToDevice:
      if (block.place == Place::kHost) counters_.prefetched_in_bytes += bytes;
      if (block.place == Place::kNowhere || block.place == Place::kDiscarded)
        counters_.populated_bytes += bytes;
      arrive(block, bytes, true);
      break;
    case Touch::kToHost:
      if (block.place == Place::kDevice) counters_.prefetched_out_bytes += bytes;
      leave(block, bytes, Place::kHost, use);
      break;
    case Touch::kDiscard:
      counters_.discarded_bytes += bytes;
      leave(block, bytes, Place::kDiscarded, use);
      break;
    case Touch::kRead:
    case Touch::kWrite:
      use_block(block, bytes, use, toucher);
      break;
    case Touch::kNone:
      break;
  }
}

void Accounts::use_block(Block& block, std::uint64_t bytes, const Use& use, Toucher toucher) {
  if (toucher == Toucher::kKernel) {
    if (block.place == Place::kDevice) return;
    ++counters_.faults;
    counters_.fault_bytes += bytes;
    arrive(block, bytes, false);
  } else if (toucher == Toucher::kHost) {
    if (block.place == Place::kDevice) ++counters_.host_faults;
    leave(block, bytes, Place::kHost, use);
  } else if (use.touch == Touch::kWrite &&
             (block.place == Place::kNowhere || block.place == Place::kDiscarded)) {
    if (toucher == Toucher::kCopyToDevice) arrive(block, bytes, false);
    if (toucher == Toucher::kCopyToHost) leave(block, bytes, Place::kHost, use);
  }
}

void Accounts::arrive(Block& block, std::uint64_t bytes, bool by_prefetch) {
  if (block.place != Place::kDevice) {
    counters_.device_bytes += bytes;
    counters_.peak_device_bytes = std::max(counters_.peak_device_bytes, counters_.device_bytes);
    block.by_prefetch = false;
  }
  block.place = Place::kDevice;
  block.by_prefetch = block.by_prefetch || by_prefetch;
}

void Accounts::leave(Block& block, std::uint64_t bytes, Place to, const Use& use) {
  if (block.place == Place::kDevice) {
    counters_.device_bytes -= bytes;
    block.left = use.moment.value_or(Moment{});
  }
  block.place = to;
}

void Accounts::check_budget(const Use& use) {
  if (budget_bytes_ == kNoBudget) return;
  std::uint64_t there_bytes = 0;
  std::uint64_t leaving_bytes = 0;
  for (const auto& [begin, region] : space_.regions()) {
    const Memory& memory = *region.memory;
    for (std::size_t i = 0; i < memory.blocks.size(); ++i) {
      const Block& block = memory.blocks[i];
      if (!block.by_prefetch) continue;
      // What left in the same batch may leave after the others have come.
      const bool gone = use.clock.covers(block.left) && block.left != use.moment;
      if (block.place == Place::kDevice) there_bytes += bytes_of(memory, i);
      if (block.place != Place::kDevice && !gone) leaving_bytes += bytes_of(memory, i);
    }
  }
  if (there_bytes + leaving_bytes <= budget_bytes_) return;
  journal_.violate(Defect::kPastBudget, use.call,
                   std::to_string(there_bytes) + " bytes lie on the device by prefetch, and " +
                       std::to_string(leaving_bytes) +
                       " that leave it with nothing to order that before this; the budget is " +
                       std::to_string(budget_bytes_));
}

void Accounts::forget(const Region& region) {
  const Memory& memory = *region.memory;
  for (std::size_t i = 0; i < memory.blocks.size(); ++i)
    if (memory.blocks[i].place == Place::kDevice) counters_.device_bytes -= bytes_of(memory, i);
}

Place Accounts::where(const void* address) {
  const std::vector<Piece> pieces = space_.resolve(address, 1);
  if (pieces.empty() || pieces.front().region->memory->kind != MemoryKind::kManaged) return Place::kNowhere;
  const Memory& memory = *pieces.front().region->memory;
  return memory.blocks[(memory.begin_in_block + pieces.front().offset) / kBlockBytes].place;
}

}  // namespace octrain::fake_cuda
