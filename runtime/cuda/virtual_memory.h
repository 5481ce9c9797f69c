// A range of addresses into which pages of device memory are mapped and from which they are taken again, by
// the driver's virtual memory calls.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <mutex>
#include <vector>

#include "src/layout.h"

namespace octrain::runtime::cuda {

/// The driver's functions; found at run time, so that nothing links its library.
struct VirtualMemoryCalls {
  decltype(&::cuMemAddressReserve) address_reserve;
  decltype(&::cuMemAddressFree) address_free;
  decltype(&::cuMemCreate) create;
  decltype(&::cuMemRelease) release;
  decltype(&::cuMemMap) map;
  decltype(&::cuMemUnmap) unmap;
  decltype(&::cuMemSetAccess) set_access;
};

class VirtualMemory {
 public:
  /// Addresses for `blocks`, and `pages` of 2 MiB for as many of them. Throws OutOfDeviceMemory with the
  /// shortfall, DeviceError, CudaError.
  VirtualMemory(BlockId blocks, BlockId pages, int device);
  /// Nobody uses the memory any more.
  ~VirtualMemory();
  VirtualMemory(const VirtualMemory&) = delete;
  VirtualMemory& operator=(const VirtualMemory&) = delete;

  [[nodiscard]] std::byte* address(BlockId block) const;
  /// None of the blocks is mapped, and there are pages for all. For any thread, each on blocks of its own.
  /// Throws CudaError.
  void map(BlockRange range);
  /// All of them are; the pages may be mapped elsewhere from then on.
  void unmap(BlockRange range);

 private:
  using Page = CUmemGenericAllocationHandle;

  /// Gives back on destruction, whatever of it there is.
  class Reservation {
   public:
    Reservation(const VirtualMemoryCalls& calls, std::uint64_t bytes);
    ~Reservation();
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    [[nodiscard]] CUdeviceptr begin() const { return begin_; }

   private:
    const VirtualMemoryCalls& calls_;
    std::uint64_t bytes_;
    CUdeviceptr begin_ = 0;
  };
  class Pool {
   public:
    Pool(const VirtualMemoryCalls& calls, BlockId pages, int device);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    [[nodiscard]] Page take();
    void give_back(Page page);

   private:
    void release_all();

    const VirtualMemoryCalls& calls_;
    std::vector<Page> pages_;
    std::mutex mutex_;
    std::vector<Page> free_;
  };

  [[nodiscard]] CUdeviceptr at(BlockId block) const;

  const VirtualMemoryCalls calls_;
  const int device_;
  Reservation reservation_;
  Pool pool_;
  std::vector<Page> mapped_;  // by block; 0: none
};

}  // namespace octrain::runtime::cuda
