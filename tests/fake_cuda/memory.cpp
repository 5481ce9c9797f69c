#include "fake_cuda/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace octrain::fake_cuda {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

AddressRange::AddressRange(std::uint64_t bytes, std::uint64_t alignment)
    : mapped_bytes_(round_up(bytes, kPageBytes) + 2 * kBlockBytes) {
  mapped_ = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped_ == MAP_FAILED) throw std::bad_alloc();
  // Aligned as asked and not better, so that nobody comes to rely on more.
  begin_ = round_up(number(mapped_), kBlockBytes) + alignment % kBlockBytes;
}

AddressRange::~AddressRange() { munmap(mapped_, mapped_bytes_); }

Store::Store() : descriptor_(memfd_create("fake_cuda", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::bad_alloc();
}

Store::~Store() { close(descriptor_); }

std::uint64_t Store::take(std::uint64_t bytes) {
  if (ftruncate(descriptor_, static_cast<off_t>(end_ + bytes)) != 0) throw std::bad_alloc();
  return std::exchange(end_, end_ + bytes);
}

void Store::give_back(std::uint64_t at, std::uint64_t bytes) const {
  fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
            static_cast<off_t>(bytes));
}

std::uintptr_t AddressSpace::allocate(MemoryKind kind, std::uint64_t bytes, std::uint64_t alignment,
                                      std::size_t call) {
  Region region;
  region.bytes = bytes;
  region.call = call;
  region.range = std::make_unique<AddressRange>(bytes, alignment);
  const std::uintptr_t begin = region.range->begin();
  const std::uintptr_t first_page = begin / kPageBytes * kPageBytes;
  if (mprotect(as_pointer(first_page), begin + bytes - first_page, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
  region.memory = std::make_shared<Memory>();
  region.memory->kind = kind;
  region.memory->bytes = bytes;
  if (kind == MemoryKind::kManaged) {
    region.memory->begin_in_block = begin % kBlockBytes;
    region.memory->blocks.resize((begin % kBlockBytes + bytes + kBlockBytes - 1) / kBlockBytes);
  }
  if (kind == MemoryKind::kDevice) device_bytes_ += bytes;
  regions_.emplace(begin, std::move(region));
  return begin;
}

void AddressSpace::free(const void* begin) {
  const auto found = regions_.find(number(begin));
  if (found->second.memory->kind == MemoryKind::kDevice) device_bytes_ -= found->second.bytes;
  regions_.erase(found);
}

Region* AddressSpace::allocation(const void* begin, bool pinned) {
  const auto found = regions_.find(number(begin));
  if (found == regions_.end() || found->second.handle != 0) return nullptr;
  return (found->second.memory->kind == MemoryKind::kPinned) == pinned ? &found->second : nullptr;
}

const Region* AddressSpace::region_at(const void* address) const {
  const auto behind = regions_.upper_bound(number(address));
  if (behind == regions_.begin()) return nullptr;
  const auto& [begin, region] = *std::prev(behind);
  return number(address) < begin + region.bytes ? &region : nullptr;
}

std::vector<Piece> AddressSpace::resolve(const void* address, std::uint64_t bytes) {
  std::vector<Piece> pieces;
  std::uintptr_t at = number(address);
  const std::uintptr_t end = at + bytes;
  while (at < end) {
    const auto behind = regions_.upper_bound(at);
    if (behind == regions_.begin()) return {};
    auto& [begin, region] = *std::prev(behind);
    if (at >= begin + region.bytes || !region.accessible) return {};
    const std::uint64_t part = std::min(end, begin + region.bytes) - at;
    pieces.push_back({at, part, &region, at - begin});
    at += part;
  }
  return pieces;
}

std::map<std::size_t, std::string> AddressSpace::kept() const {
  std::map<std::size_t, std::string> kept;
  for (const auto& [begin, region] : regions_)
    if (!region.refused) kept[region.call] = std::to_string(region.bytes) + " bytes";
  for (const auto& [begin, reservation] : reservations_)
    if (!reservation.refused)
      kept[reservation.call] = std::to_string(reservation.bytes) + " bytes of addresses";
  for (const auto& [number, handle] : handles_)
    if (!handle.refused && !handle.released)
      kept[handle.call] = std::to_string(handle.memory->bytes) + " bytes of a handle";
  return kept;
}

}  // namespace octrain::fake_cuda
