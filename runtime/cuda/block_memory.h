// The means by which blocks get to the device and away from it: one implementation a kind of memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <span>
#include <string>

#include "cuda/orders.h"

namespace octrain::runtime::cuda {

/// begin() and end() come from the lanes' threads, never two at a time for one block; all else from any.
/// Errors: CudaError, OutOfDeviceMemory. Destroyed when nothing is under way any more.
class BlockMemory {
 public:
  virtual ~BlockMemory() = default;
  BlockMemory(const BlockMemory&) = delete;
  BlockMemory& operator=(const BlockMemory&) = delete;

  /// Does what the lane is there for, or enqueues it on the lane's stream.
  virtual void begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) = 0;
  /// What begin() has enqueued has ended.
  virtual void end(Lane lane, std::span<const BlockRange> ranges) = 0;

  /// Where kernels and copies find the block while it lies on the device; stable.
  [[nodiscard]] virtual std::byte* device_address(BlockId block) const = 0;
  /// Where the CPU finds its contents while they lie on the host, or puts them.
  [[nodiscard]] virtual std::byte* host_address(BlockId block) = 0;

  /// Whether what was brought to the device still lies on the host as well, until it is written.
  [[nodiscard]] virtual bool keeps_host_copy() const = 0;
  /// Whether kernels may touch what does not lie on the device.
  [[nodiscard]] virtual bool serves_faults() const = 0;
  /// How many batches of a lane are under way at a time.
  [[nodiscard]] virtual std::size_t depth() const = 0;
  [[nodiscard]] virtual std::string description() const = 0;

 protected:
  BlockMemory() = default;
};

}  // namespace octrain::runtime::cuda
