// The memory of the fake runtime: allocations, and the driver's reservations, handles and mappings.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_cuda/clock.h"
#include "fake_cuda/fake_cuda.h"
#include "fake_cuda/history.h"

namespace octrain::fake_cuda {

/// Addresses, kept back from everyone else; accessible only where allow() or map() says so.
class AddressRange {
 public:
  AddressRange(std::uint64_t bytes, std::uint64_t alignment);  ///< throws std::bad_alloc
  ~AddressRange();
  AddressRange(const AddressRange&) = delete;
  AddressRange& operator=(const AddressRange&) = delete;
  [[nodiscard]] std::uintptr_t begin() const { return begin_; }

 private:
  void* mapped_ = nullptr;
  std::uint64_t mapped_bytes_ = 0;
  std::uintptr_t begin_ = 0;
};

/// Bytes without an address: one file for all, since a program may ask for thousands of small pieces.
class Store {
 public:
  Store();
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] std::uint64_t take(std::uint64_t bytes);  ///< answers where in the file; std::bad_alloc
  void give_back(std::uint64_t at, std::uint64_t bytes) const;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::uint64_t end_ = 0;  ///< only grows: what was given back takes no memory
};

enum class MemoryKind { kDevice, kManaged, kPinned };

/// 2 MiB of managed memory.
struct Block {
  Place place = Place::kNowhere;
  bool by_prefetch = false;  ///< came to the device so, or did before it left
  Moment left;               ///< the device, last
};

/// Bytes and what is known of them, whatever addresses they have.
struct Memory {
  MemoryKind kind = MemoryKind::kDevice;
  std::uint64_t bytes = 0;
  History history;
  std::vector<Block> blocks;         ///< managed only
  std::uint64_t begin_in_block = 0;  ///< where in the first of them the memory begins
  std::uint64_t at_in_store = 0;     ///< the driver's handles only
};

/// An address range with memory behind it: an allocation, or a mapping of a handle.
struct Region {
  std::uint64_t bytes = 0;
  std::shared_ptr<Memory> memory;
  std::unique_ptr<AddressRange> range;      ///< allocations only
  CUmemGenericAllocationHandle handle = 0;  ///< mappings only
  bool accessible = true;
  bool refused = false;  ///< a call that was made to fail would have given it back
  std::size_t call = 0;  ///< that made it
  Uses uses;
};

/// A part of a range of addresses, and the memory behind it.
struct Piece {
  std::uintptr_t address = 0;
  std::uint64_t bytes = 0;
  Region* region = nullptr;
  std::uint64_t offset = 0;  ///< in the region's memory
};

[[nodiscard]] inline std::uintptr_t number(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}
[[nodiscard]] inline void* as_pointer(std::uintptr_t address) { return reinterpret_cast<void*>(address); }

class AddressSpace {
 public:
  /// Throws std::bad_alloc.
  std::uintptr_t allocate(MemoryKind kind, std::uint64_t bytes, std::uint64_t alignment, std::size_t call);
  [[nodiscard]] Region* allocation(const void* begin, bool pinned);
  void free(const void* begin);  ///< an allocation

  /// Nothing if a byte of it has no accessible memory behind it.
  [[nodiscard]] std::vector<Piece> resolve(const void* address, std::uint64_t bytes);
  [[nodiscard]] const Region* region_at(const void* address) const;
  /// Of cudaMalloc and cuMemCreate.
  [[nodiscard]] std::uint64_t device_bytes() const { return device_bytes_; }
  [[nodiscard]] const std::map<std::uintptr_t, Region>& regions() const { return regions_; }

  // The driver's virtual memory (virtual_memory.cpp). What is not allowed answers false.
  std::uintptr_t reserve(std::uint64_t bytes, std::size_t call);
  bool unreserve(std::uintptr_t begin, std::uint64_t bytes, bool refuse);
  CUmemGenericAllocationHandle create(std::uint64_t bytes, std::size_t call);
  bool release(CUmemGenericAllocationHandle handle, bool refuse);
  bool map(std::uintptr_t begin, std::uint64_t bytes, CUmemGenericAllocationHandle handle, std::size_t call);
  [[nodiscard]] Region* mapping(std::uintptr_t begin, std::uint64_t bytes);
  bool unmap(std::uintptr_t begin);
  bool allow(std::uintptr_t begin, std::uint64_t bytes, bool read, bool write);

  /// The calls whose memory, reservation or handle nobody has given back, with what it is.
  [[nodiscard]] std::map<std::size_t, std::string> kept() const;

 private:
  struct Reservation {
    std::uint64_t bytes = 0;
    std::unique_ptr<AddressRange> range;
    bool refused = false;
    std::size_t call = 0;
  };
  struct Handle {
    std::shared_ptr<Memory> memory;
    std::size_t mappings = 0;
    bool released = false;
    bool refused = false;
    std::size_t call = 0;
  };

  void forget_if_unused(CUmemGenericAllocationHandle handle);

  Store store_;
  std::map<std::uintptr_t, Reservation> reservations_;
  std::map<CUmemGenericAllocationHandle, Handle> handles_;
  std::map<std::uintptr_t, Region> regions_;  ///< by address; dies before what it lies in
  CUmemGenericAllocationHandle last_handle_ = 0;
  std::uint64_t device_bytes_ = 0;
};

}  // namespace octrain::fake_cuda
