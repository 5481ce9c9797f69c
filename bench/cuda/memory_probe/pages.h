// Device memory mapped page by page, as --mode explicit has it: the driver's calls, found through the
// runtime.
#pragma once

#include <cuda.h>

#include <vector>

#include "memory.h"

namespace probe {

struct PageCalls {
  decltype(&::cuMemAddressReserve) reserve = find<decltype(&::cuMemAddressReserve)>("cuMemAddressReserve");
  decltype(&::cuMemAddressFree) free = find<decltype(&::cuMemAddressFree)>("cuMemAddressFree");
  decltype(&::cuMemCreate) create = find<decltype(&::cuMemCreate)>("cuMemCreate");
  decltype(&::cuMemRelease) release = find<decltype(&::cuMemRelease)>("cuMemRelease");
  decltype(&::cuMemMap) map = find<decltype(&::cuMemMap)>("cuMemMap");
  decltype(&::cuMemUnmap) unmap = find<decltype(&::cuMemUnmap)>("cuMemUnmap");
  decltype(&::cuMemSetAccess) set_access = find<decltype(&::cuMemSetAccess)>("cuMemSetAccess");

 private:
  template <typename Function>
  static Function find(const char* name) {
    void* function = nullptr;
#if CUDART_VERSION >= 12050
    constexpr unsigned kSince = 10020;
    cudaDriverEntryPointQueryResult found{};
    check(cudaGetDriverEntryPointByVersion(name, &function, kSince, cudaEnableDefault, &found),
          "cudaGetDriverEntryPointByVersion");
#else
    check(cudaGetDriverEntryPoint(name, &function, cudaEnableDefault), "cudaGetDriverEntryPoint");
#endif
    if (function == nullptr) throw CudaFailure(cudaErrorNotSupported, name);
    return reinterpret_cast<Function>(function);
  }
};

// The runtime's codes are the driver's, by number.
inline void check(CUresult code, const char* call) { check(static_cast<cudaError_t>(code), call); }

// Addresses for some pages of kBlockBytes, and the pages: not mapped.
class Pages {
 public:
  Pages(const Ledger& ledger, std::size_t count) {
    ledger.check_room(count * kBlockBytes);
    access_.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    access_.location.id = kDevice;
    access_.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    CUmemAllocationProp kind{};
    kind.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    kind.location = access_.location;
    check(calls_.reserve(&start_, count * kBlockBytes, kBlockBytes, 0, 0), "cuMemAddressReserve");
    reserved_bytes_ = count * kBlockBytes;
    while (handles_.size() < count) {
      CUmemGenericAllocationHandle handle{};
      check(calls_.create(&handle, kBlockBytes, &kind, 0), "cuMemCreate");
      handles_.push_back(handle);
    }
  }
  ~Pages() {
    if (mapped_ > 0) noted(calls_.unmap(start_, mapped_ * kBlockBytes), "cuMemUnmap");
    for (const CUmemGenericAllocationHandle handle : handles_) noted(calls_.release(handle), "cuMemRelease");
    if (reserved_bytes_ > 0) noted(calls_.free(start_, reserved_bytes_), "cuMemAddressFree");
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void map(std::size_t count) {
    for (; mapped_ < count; ++mapped_)
      check(calls_.map(start_ + mapped_ * kBlockBytes, kBlockBytes, 0, handles_[mapped_], 0), "cuMemMap");
  }
  void allow() { check(calls_.set_access(start_, mapped_ * kBlockBytes, &access_, 1), "cuMemSetAccess"); }
  void unmap_each() {
    for (; mapped_ > 0; --mapped_)
      check(calls_.unmap(start_ + (mapped_ - 1) * kBlockBytes, kBlockBytes), "cuMemUnmap");
  }
  void unmap_at_once() {
    check(calls_.unmap(start_, mapped_ * kBlockBytes), "cuMemUnmap");
    mapped_ = 0;
  }

 private:
  static void noted(CUresult code, const char* call) { released(static_cast<cudaError_t>(code), call); }

  PageCalls calls_;
  CUmemAccessDesc access_{};
  CUdeviceptr start_ = 0;
  std::size_t reserved_bytes_ = 0;
  std::vector<CUmemGenericAllocationHandle> handles_;
  std::size_t mapped_ = 0;
};

}  // namespace probe
