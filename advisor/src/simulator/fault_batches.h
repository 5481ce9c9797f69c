// How many batches of faults it takes to bring a stretch of bytes that a kernel sweeps from front to back.
#pragma once

#include <cstdint>

#include "octrain/advisor/machine.h"

namespace octrain::advisor {

class FaultBatches {
 public:
  explicit FaultBatches(const Machine& machine);
  /// For `bytes` that are not on the device, whole blocks and perhaps a part of one.
  [[nodiscard]] std::uint64_t count(std::uint64_t bytes) const;

 private:
  [[nodiscard]] std::uint64_t in_block(std::uint64_t bytes) const;

  std::uint64_t block_bytes_;
  std::uint64_t fault_bytes_;
  std::uint64_t full_block_ = 1;  // batches for a whole block
};

}  // namespace octrain::advisor
