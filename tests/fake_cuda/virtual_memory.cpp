// The driver's virtual memory: addresses, memory and the mappings between them, each made by a call of its
// own.
#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>

#include "fake_cuda/memory.h"

namespace octrain::fake_cuda {

std::uintptr_t AddressSpace::reserve(std::uint64_t bytes, std::size_t call) {
  Reservation reservation;
  reservation.bytes = bytes;
  reservation.call = call;
  reservation.range = std::make_unique<AddressRange>(bytes, kBlockBytes);
  const std::uintptr_t begin = reservation.range->begin();
  reservations_.emplace(begin, std::move(reservation));
  return begin;
}

bool AddressSpace::unreserve(std::uintptr_t begin, std::uint64_t bytes, bool refuse) {
  const auto found = reservations_.find(begin);
  if (found == reservations_.end() || found->second.bytes != bytes) return false;
  const auto mapped = regions_.lower_bound(begin);
  const bool in_use = mapped != regions_.end() && mapped->first < begin + bytes;
  // Whose mapping could not be taken away cannot be given back: that is not the caller's fault.
  if (refuse || (in_use && mapped->second.refused)) found->second.refused = true;
  if (in_use) return false;
  if (!refuse) reservations_.erase(found);
  return true;
}

CUmemGenericAllocationHandle AddressSpace::create(std::uint64_t bytes, std::size_t call) {
  Handle handle;
  handle.call = call;
  handle.memory = std::make_shared<Memory>();
  handle.memory->bytes = bytes;
  handle.memory->at_in_store = store_.take(bytes);
  device_bytes_ += bytes;
  handles_.emplace(++last_handle_, std::move(handle));
  return last_handle_;
}

bool AddressSpace::release(CUmemGenericAllocationHandle handle, bool refuse) {
  const auto found = handles_.find(handle);
  if (found == handles_.end() || found->second.released) return false;
  (refuse ? found->second.refused : found->second.released) = true;
  forget_if_unused(handle);
  return true;
}

void AddressSpace::forget_if_unused(CUmemGenericAllocationHandle handle) {
  const auto found = handles_.find(handle);
  if (!found->second.released || found->second.mappings > 0) return;
  device_bytes_ -= found->second.memory->bytes;
  store_.give_back(found->second.memory->at_in_store, found->second.memory->bytes);
  handles_.erase(found);
}

bool AddressSpace::map(std::uintptr_t begin, std::uint64_t bytes, CUmemGenericAllocationHandle handle,
                       std::size_t call) {
  const auto found = handles_.find(handle);
  if (found == handles_.end() || found->second.released || bytes > found->second.memory->bytes) return false;
  const auto behind = reservations_.upper_bound(begin);
  if (behind == reservations_.begin()) return false;
  const auto& [reserved, reservation] = *std::prev(behind);
  if (begin + bytes > reserved + reservation.bytes) return false;
  const auto next = regions_.lower_bound(begin);
  if (next != regions_.end() && next->first < begin + bytes) return false;
  if (region_at(as_pointer(begin)) != nullptr) return false;
  if (mmap(as_pointer(begin), bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, store_.descriptor(),
           static_cast<off_t>(found->second.memory->at_in_store)) == MAP_FAILED)
    throw std::bad_alloc();
  ++found->second.mappings;
  Region region;
  region.bytes = bytes;
  region.memory = found->second.memory;
  region.handle = handle;
  region.accessible = false;
  region.call = call;
  regions_.emplace(begin, std::move(region));
  return true;
}

Region* AddressSpace::mapping(std::uintptr_t begin, std::uint64_t bytes) {
  const auto found = regions_.find(begin);
  const bool is_it = found != regions_.end() && found->second.handle != 0 && found->second.bytes == bytes;
  return is_it ? &found->second : nullptr;
}

bool AddressSpace::unmap(std::uintptr_t begin) {
  const auto found = regions_.find(begin);
  if (found == regions_.end() || found->second.handle == 0) return false;
  // The addresses stay reserved, and nobody may touch them.
  if (mmap(as_pointer(begin), found->second.bytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
    throw std::bad_alloc();
  const CUmemGenericAllocationHandle handle = found->second.handle;
  regions_.erase(found);
  --handles_.at(handle).mappings;
  forget_if_unused(handle);
  return true;
}

bool AddressSpace::allow(std::uintptr_t begin, std::uint64_t bytes, bool read, bool write) {
  std::vector<std::uintptr_t> whole;
  for (std::uintptr_t at = begin; at < begin + bytes; at += regions_.at(at).bytes) {
    const auto found = regions_.find(at);
    if (found == regions_.end() || found->second.handle == 0 || at + found->second.bytes > begin + bytes)
      return false;
    whole.push_back(at);
  }
  for (const std::uintptr_t at : whole) {
    Region& region = regions_.at(at);
    region.accessible = read;
    if (mprotect(as_pointer(at), region.bytes,
                 (read ? PROT_READ : PROT_NONE) | (write ? PROT_WRITE : PROT_NONE)) != 0)
      throw std::bad_alloc();
  }
  return true;
}

}  // namespace octrain::fake_cuda
