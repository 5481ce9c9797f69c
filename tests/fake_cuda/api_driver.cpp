// The driver's functions for virtual memory, and the runtime's calls that answer where they are.
#include <cuda.h>

#include <cstring>

#include "fake_cuda/errors.h"
#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

// The driver's codes for what we answer are those of the runtime.
static_assert(int{CUDA_ERROR_INVALID_VALUE} == int{cudaErrorInvalidValue});
static_assert(int{CUDA_ERROR_OUT_OF_MEMORY} == int{cudaErrorMemoryAllocation});
static_assert(int{CUDA_ERROR_INVALID_DEVICE} == int{cudaErrorInvalidDevice});
static_assert(int{CUDA_ERROR_LAUNCH_FAILED} == int{cudaErrorLaunchFailure});
static_assert(int{CUDA_ERROR_NOT_SUPPORTED} == int{cudaErrorNotSupported});
static_assert(int{CUDA_ERROR_NOT_PERMITTED} == int{cudaErrorNotPermitted});
static_assert(int{CUDA_ERROR_NO_DEVICE} == int{cudaErrorNoDevice});

constexpr CallRules kDriver{.is_runtime_call = false};
constexpr CallRules kDriverGivesBack{.runs_when_failing = true, .is_runtime_call = false};

CUresult run_driver(const char* name, const Body& body, const CallRules& rules = kDriver) {
  return static_cast<CUresult>(run_call(name, body, rules));
}

void record(const Frame& frame, CUdeviceptr address, std::size_t bytes) {
  frame.record().operands.push_back({as_pointer(address), bytes, Touch::kNone});
}

cudaError_t valid(bool is_valid) { return is_valid ? cudaSuccess : cudaErrorInvalidValue; }

bool whole(std::uint64_t value) { return value % kBlockBytes == 0; }

bool is_device_memory(const CUmemAllocationProp* prop) {
  return prop != nullptr && prop->type == CU_MEM_ALLOCATION_TYPE_PINNED &&
         prop->location.type == CU_MEM_LOCATION_TYPE_DEVICE;
}

CUresult get_error_string(CUresult error, const char** text) {
  *text = error_of(static_cast<cudaError_t>(error)).text;
  return CUDA_SUCCESS;
}

CUresult get_granularity(std::size_t* granularity, const CUmemAllocationProp* prop,
                         CUmemAllocationGranularity_flags) {
  return run_driver("cuMemGetAllocationGranularity", [&](const Frame&) {
    if (granularity != nullptr) *granularity = kBlockBytes;
    return valid(granularity != nullptr && is_device_memory(prop));
  });
}

CUresult reserve(CUdeviceptr* ptr, std::size_t size, std::size_t alignment, CUdeviceptr,
                 unsigned long long flags) {
  return run_driver("cuMemAddressReserve", [&](const Frame& frame) {
    if (ptr == nullptr || size == 0 || !whole(size) || flags != 0) return cudaErrorInvalidValue;
    if (alignment > kBlockBytes) return cudaErrorNotSupported;  // by this fake
    *ptr = frame.world.space.reserve(size, frame.call);
    record(frame, *ptr, size);
    return cudaSuccess;
  });
}

CUresult unreserve(CUdeviceptr ptr, std::size_t size) {
  return run_driver(
      "cuMemAddressFree",
      [&](const Frame& frame) {
        record(frame, ptr, size);
        return valid(frame.world.space.unreserve(ptr, size, frame.failing));
      },
      kDriverGivesBack);
}

CUresult create(CUmemGenericAllocationHandle* handle, std::size_t size, const CUmemAllocationProp* prop,
                unsigned long long flags) {
  return run_driver("cuMemCreate", [&](const Frame& frame) {
    World& world = frame.world;
    if (handle == nullptr || !is_device_memory(prop) || size == 0 || !whole(size) || flags != 0)
      return cudaErrorInvalidValue;
    if (prop->location.id < 0 || prop->location.id >= world.options.device_count)
      return cudaErrorInvalidDevice;
    if (world.space.device_bytes() + size > world.options.total_bytes) return cudaErrorMemoryAllocation;
    *handle = world.space.create(size, frame.call);
    record(frame, 0, size);
    return cudaSuccess;
  });
}

CUresult release(CUmemGenericAllocationHandle handle) {
  return run_driver(
      "cuMemRelease",
      [&](const Frame& frame) { return valid(frame.world.space.release(handle, frame.failing)); },
      kDriverGivesBack);
}

CUresult map(CUdeviceptr ptr, std::size_t size, std::size_t offset, CUmemGenericAllocationHandle handle,
             unsigned long long flags) {
  return run_driver("cuMemMap", [&](const Frame& frame) {
    record(frame, ptr, size);
    if (size == 0 || !whole(size) || !whole(ptr) || offset != 0 || flags != 0) return cudaErrorInvalidValue;
    return valid(frame.world.space.map(ptr, size, handle, frame.call));
  });
}

CUresult unmap(CUdeviceptr ptr, std::size_t size) {
  return run_driver(
      "cuMemUnmap",
      [&](const Frame& frame) {
        record(frame, ptr, size);
        Region* region = frame.world.space.mapping(ptr, size);
        if (region == nullptr) return cudaErrorInvalidValue;
        frame.settle(region->uses, "unmaps");
        if (frame.failing) {
          region->refused = true;
        } else {
          frame.world.space.unmap(ptr);
        }
        return cudaSuccess;
      },
      kDriverGivesBack);
}

CUresult set_access(CUdeviceptr ptr, std::size_t size, const CUmemAccessDesc* desc, std::size_t count) {
  return run_driver("cuMemSetAccess", [&](const Frame& frame) {
    record(frame, ptr, size);
    if (desc == nullptr || count != 1 || desc->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
      return cudaErrorInvalidValue;
    const bool read = desc->flags != CU_MEM_ACCESS_FLAGS_PROT_NONE;
    const bool write = desc->flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    return valid(frame.world.space.allow(ptr, size, read, write));
  });
}

struct Symbol {
  const char* name;
  void* function;
};

/// The types are those of the driver's own header.
template <typename Function>
void* entry(Function* function) {
  return reinterpret_cast<void*>(function);
}

/// Null: there is no such function here.
void* find(const char* name) {
  static const Symbol kSymbols[] = {
      {"cuGetErrorString", entry<decltype(cuGetErrorString)>(get_error_string)},
      {"cuMemGetAllocationGranularity", entry<decltype(cuMemGetAllocationGranularity)>(get_granularity)},
      {"cuMemAddressReserve", entry<decltype(cuMemAddressReserve)>(reserve)},
      {"cuMemAddressFree", entry<decltype(cuMemAddressFree)>(unreserve)},
      {"cuMemCreate", entry<decltype(cuMemCreate)>(create)},
      {"cuMemRelease", entry<decltype(cuMemRelease)>(release)},
      {"cuMemMap", entry<decltype(cuMemMap)>(map)},
      {"cuMemUnmap", entry<decltype(cuMemUnmap)>(unmap)},
      {"cuMemSetAccess", entry<decltype(cuMemSetAccess)>(set_access)},
  };
  for (const Symbol& symbol : kSymbols)
    if (std::strcmp(symbol.name, name) == 0) return symbol.function;
  return nullptr;
}

cudaError_t entry_point(const char* call, const char* symbol, void** function) {
  return run_call(call, [&](const Frame& frame) {
    if (symbol == nullptr || function == nullptr) return cudaErrorInvalidValue;
    frame.record().label = symbol;
    *function = find(symbol);
    return cudaSuccess;
  });
}

#if CUDART_VERSION >= 12000
cudaError_t entry_point(const char* call, const char* symbol, void** function,
                        cudaDriverEntryPointQueryResult* status) {
  const cudaError_t answer = entry_point(call, symbol, function);
  if (answer == cudaSuccess && status != nullptr)
    *status = *function != nullptr ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return answer;
}
#endif

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

#if CUDART_VERSION >= 12000
cudaError_t cudaGetDriverEntryPoint(const char* symbol, void** funcPtr, unsigned long long,
                                    cudaDriverEntryPointQueryResult* driverStatus) {
  return entry_point("cudaGetDriverEntryPoint", symbol, funcPtr, driverStatus);
}
#else
cudaError_t cudaGetDriverEntryPoint(const char* symbol, void** funcPtr, unsigned long long) {
  return entry_point("cudaGetDriverEntryPoint", symbol, funcPtr);
}
#endif

#if CUDART_VERSION >= 12050
cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** funcPtr, unsigned int,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* driverStatus) {
  return entry_point("cudaGetDriverEntryPointByVersion", symbol, funcPtr, driverStatus);
}
#endif

}  // extern "C"
