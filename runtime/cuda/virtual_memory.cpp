#include "cuda/virtual_memory.h"

#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

template <class Function>
void find(Function& function, const char* name) {
  function = reinterpret_cast<Function>(driver_function(name));
}

VirtualMemoryCalls find_calls() {
  VirtualMemoryCalls calls{};
  find(calls.address_reserve, "cuMemAddressReserve");
  find(calls.address_free, "cuMemAddressFree");
  find(calls.create, "cuMemCreate");
  find(calls.release, "cuMemRelease");
  find(calls.map, "cuMemMap");
  find(calls.unmap, "cuMemUnmap");
  find(calls.set_access, "cuMemSetAccess");
  return calls;
}

/// The runtime's codes are the driver's, by number.
void check(CUresult code, const char* what, std::uint64_t wanted_bytes = 0) {
  cuda::check(static_cast<cudaError_t>(code), what, wanted_bytes);
}

CUmemLocation on_device(int device) {
  CUmemLocation location{};
  location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  location.id = device;
  return location;
}

}  // namespace

VirtualMemory::Reservation::Reservation(const VirtualMemoryCalls& calls, std::uint64_t bytes)
    : calls_(calls), bytes_(bytes) {
  check(calls_.address_reserve(&begin_, bytes_, kBlockBytes, 0, 0), "cuMemAddressReserve");
}

VirtualMemory::Reservation::~Reservation() { static_cast<void>(calls_.address_free(begin_, bytes_)); }

VirtualMemory::Pool::Pool(const VirtualMemoryCalls& calls, BlockId pages, int device) : calls_(calls) {
  CUmemAllocationProp kind{};
  kind.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  kind.location = on_device(device);
  pages_.reserve(pages);
  free_.reserve(pages);
  try {
    while (pages_.size() < pages) {
      Page page = 0;
      check(calls_.create(&page, kBlockBytes, &kind, 0), "cuMemCreate",
            (pages - pages_.size()) * kBlockBytes);
      pages_.push_back(page);
    }
  } catch (...) {
    release_all();
    throw;
  }
  free_.assign(pages_.rbegin(), pages_.rend());
}

VirtualMemory::Pool::~Pool() { release_all(); }

void VirtualMemory::Pool::release_all() {
  for (const Page page : pages_) static_cast<void>(calls_.release(page));
}

VirtualMemory::Page VirtualMemory::Pool::take() {
  const std::scoped_lock lock(mutex_);
  if (free_.empty()) throw DeviceError("no page of device memory is left to be mapped");
  const Page page = free_.back();
  free_.pop_back();
  return page;
}

void VirtualMemory::Pool::give_back(Page page) {
  const std::scoped_lock lock(mutex_);
  free_.push_back(page);
}

VirtualMemory::VirtualMemory(BlockId blocks, BlockId pages, int device)
    : calls_(find_calls()),
      device_(device),
      reservation_(calls_, std::uint64_t{blocks} * kBlockBytes),
      pool_(calls_, pages, device),
      mapped_(blocks) {}

VirtualMemory::~VirtualMemory() {
  for (BlockId block = 0; block < mapped_.size(); ++block) {
    if (mapped_[block] != 0) static_cast<void>(calls_.unmap(at(block), kBlockBytes));
  }
}

CUdeviceptr VirtualMemory::at(BlockId block) const { return reservation_.begin() + block * kBlockBytes; }

std::byte* VirtualMemory::address(BlockId block) const {
  // To the driver an address is an integer. NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(at(block)));
}

void VirtualMemory::map(BlockRange range) {
  for (BlockId block = range.first; block < range.end(); ++block) {
    const Page page = pool_.take();
    const CUresult outcome = calls_.map(at(block), kBlockBytes, 0, page, 0);
    if (outcome != CUDA_SUCCESS) pool_.give_back(page);
    check(outcome, "cuMemMap", kBlockBytes);
    mapped_[block] = page;
  }
  CUmemAccessDesc access{};
  access.location = on_device(device_);
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  check(calls_.set_access(at(range.first), range.count * kBlockBytes, &access, 1), "cuMemSetAccess");
}

void VirtualMemory::unmap(BlockRange range) {
  // One at a time: the driver wants what one call has mapped.
  for (BlockId block = range.first; block < range.end(); ++block) {
    check(calls_.unmap(at(block), kBlockBytes), "cuMemUnmap");
    pool_.give_back(mapped_[block]);
    mapped_[block] = 0;
  }
}

}  // namespace octrain::runtime::cuda
