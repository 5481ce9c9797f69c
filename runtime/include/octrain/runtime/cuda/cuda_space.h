// The CUDA backend's memory: a MemorySpace on a real device, for ops that are enqueued on one stream.
//
// The executor runs ahead of the device: acquire() and release() enqueue, and it is the compute stream that
// waits for what an op needs. Hints are carried out by threads of their own on streams of their own.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "octrain/runtime/memory_space.h"

namespace octrain::runtime::cuda {

class DriverMeter;  // driver_meter.h

enum class Kind {
  incore,         ///< cudaMalloc; nothing moves
  managed,        ///< cudaMallocManaged, driven by hints, faults where hints are missing (modes um, um-naive)
  explicit_copy,  ///< device pages mapped and unmapped by hints only, asynchronous copies to pinned memory
};

struct CudaSpaceOptions {
  Kind kind = Kind::managed;
  std::uint64_t device_bytes = 0;     ///< the budget; rounded down to blocks (incore: 0 is what is free)
  std::uint64_t workspace_bytes = 0;  ///< the largest workspace of any op
  /// By tensor: where it lies in the arena at first (see MemorySpace::place()); empty: each has bytes of its
  /// own.
  std::vector<std::uint64_t> arena_offsets;
  /// More than those places need, if later ones may: what is allocated for the tensors.
  std::uint64_t arena_bytes = 0;
  /// Managed memory without hints (um-naive): faults do everything. acquire() reserves nothing, stale
  /// contents of what will be overwritten are brought like any others, and workspace stays until it is
  /// evicted. The budget is kept at begin_iteration() only, and may be passed until the next.
  bool demand_only = false;
  int device = 0;
  /// Ops run on it, in order. The caller owns it, and it outlives the space.
  cudaStream_t compute = nullptr;
  /// Who tells what the driver does with managed memory, if anybody; outlives the space.
  DriverMeter* driver = nullptr;
};

/// `tensor_bytes[i]` is tensor i's. Reserves all it needs (but for the pinned RAM of explicit copies, which
/// is pinned when contents first go there) or throws: OutOfDeviceMemory (with the shortfall: the budget is
/// too small; for plain and explicit memory also the free device memory or the RAM; for managed memory
/// OCTRAIN_MANAGED_LIMIT, while what is free is the caller's to look after), DeviceError (managed memory that
/// the device cannot oversubscribe: names --mode explicit), CudaError.
///
/// OCTRAIN_MANAGED_LIMIT (bytes), if set, bounds the managed memory of all spaces of the process together.
[[nodiscard]] std::unique_ptr<MemorySpace> make_cuda_space(std::span<const std::uint64_t> tensor_bytes,
                                                           const CudaSpaceOptions& options);

}  // namespace octrain::runtime::cuda
