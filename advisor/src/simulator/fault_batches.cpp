#include "fault_batches.h"

#include <algorithm>
#include <bit>

namespace octrain::advisor {
namespace {

/// The driver's density tree over a block: leaves of 64 KiB, and a subtree is brought as a whole once more
/// than 51 % of it are resident or faulted (uvm_perf_prefetch_threshold of NVIDIA's open kernel modules;
/// Ganguly et al., ISCA'19, describe the tree).
constexpr std::uint64_t kLeafBytes = 64 << 10;
constexpr std::uint64_t kDensePercent = 51;

std::uint64_t whole_leaves(std::uint64_t bytes) { return (bytes + kLeafBytes - 1) / kLeafBytes * kLeafBytes; }

/// A subtree of `span` bytes (a leaf times a power of two) that holds `bytes`, of which the first `covered`
/// are resident or faulted: how many are after the driver has grown the region.
std::uint64_t grown(std::uint64_t covered, std::uint64_t span, std::uint64_t bytes) {
  if (covered == 0 || covered >= bytes) return std::min(covered, bytes);
  if (covered * 100 > bytes * kDensePercent) return bytes;
  const std::uint64_t half = span / 2;
  if (covered <= half) return grown(covered, half, std::min(bytes, half));
  return half + grown(covered - half, half, bytes - half);
}

}  // namespace

FaultBatches::FaultBatches(const Machine& machine)
    : block_bytes_(std::max<std::uint64_t>(machine.block_bytes, 1)),
      fault_bytes_(std::max<std::uint64_t>(machine.fault_bytes, 1)),
      full_block_(in_block(block_bytes_)) {}

/// A batch does not reach over into the next block, so that blocks count alike; where a batch holds several
/// blocks there is nothing to grow, and batches are simply filled.
std::uint64_t FaultBatches::count(std::uint64_t bytes) const {
  if (block_bytes_ <= fault_bytes_) return (bytes + fault_bytes_ - 1) / fault_bytes_;
  return bytes / block_bytes_ * full_block_ + in_block(bytes % block_bytes_);
}

std::uint64_t FaultBatches::in_block(std::uint64_t bytes) const {
  const std::uint64_t span =
      std::bit_ceil(std::max(whole_leaves(bytes) / kLeafBytes, std::uint64_t{1})) * kLeafBytes;
  std::uint64_t batches = 0;
  for (std::uint64_t resident = 0; resident < bytes; ++batches) {
    resident = grown(std::min(whole_leaves(resident + fault_bytes_), bytes), span, bytes);
  }
  return batches;
}

}  // namespace octrain::advisor
