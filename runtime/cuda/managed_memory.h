// Blocks in one range of cudaMallocManaged, moved by prefetch.
//
// Where the toolkit cannot discard (before CUDA 13) nothing tells the driver that contents are dead: their
// pages stay on the device until the driver wants them, who copies them out then, and pages for new contents
// may bring old ones along. The account counts such blocks as gone nevertheless.
#pragma once

#include <atomic>

#include "cuda/block_memory.h"
#include "cuda/toolkit.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::runtime::cuda {

class ManagedMemory final : public BlockMemory {
 public:
  /// Throws DeviceError where managed memory cannot be oversubscribed, OutOfDeviceMemory where it would pass
  /// OCTRAIN_MANAGED_LIMIT, UsageError for a limit that is no number.
  ManagedMemory(BlockId blocks, int device);

  void begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) override;
  void end(Lane, std::span<const BlockRange>) override {}
  [[nodiscard]] std::byte* device_address(BlockId block) const override;
  [[nodiscard]] std::byte* host_address(BlockId block) override { return device_address(block); }
  [[nodiscard]] bool keeps_host_copy() const override { return false; }
  [[nodiscard]] bool serves_faults() const override { return true; }
  [[nodiscard]] std::size_t depth() const override { return 1; }  // the stream is idle at every hint
  [[nodiscard]] std::string description() const override;

 private:
  /// A share of what the process may have.
  class Allowance {
   public:
    explicit Allowance(std::uint64_t bytes);
    ~Allowance();
    Allowance(const Allowance&) = delete;
    Allowance& operator=(const Allowance&) = delete;

   private:
    std::uint64_t bytes_;
  };

  int device_;
  std::uint64_t bytes_;
  Allowance allowance_;
  DeviceBuffer memory_;
  std::byte* arena_;  // the first whole block in it
  std::atomic<bool> discards_ = toolkit_discards();
};

}  // namespace octrain::runtime::cuda
