#include "cuda/managed_memory.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/arena.h"
#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {
namespace {

std::mutex live_mutex;
std::uint64_t live_bytes = 0;  // managed memory of the process

std::optional<std::uint64_t> managed_limit() {
  const char* text = std::getenv("OCTRAIN_MANAGED_LIMIT");
  if (text == nullptr) return std::nullopt;
  std::uint64_t bytes = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, bytes);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    throw UsageError("OCTRAIN_MANAGED_LIMIT is '" + std::string(text) + "': a number of bytes is expected");
  return bytes;
}

int checked(int device) {
  if (device_attribute(cudaDevAttrConcurrentManagedAccess, device) == 0)
    throw DeviceError(
        "managed memory cannot be oversubscribed on this device (no concurrentManagedAccess: Windows, WSL, "
        "or a card before Pascal); use --mode explicit");
  return device;
}

DeviceBuffer make_managed(std::uint64_t bytes) {
  void* data = nullptr;
  check_asked(cudaMallocManaged(&data, bytes, cudaMemAttachGlobal), "cudaMallocManaged", bytes);
  return {data, bytes};
}

}  // namespace

ManagedMemory::Allowance::Allowance(std::uint64_t bytes) : bytes_(bytes) {
  const std::scoped_lock lock(live_mutex);
  const std::optional<std::uint64_t> limit = managed_limit();
  if (limit && live_bytes + bytes > *limit) {
    throw OutOfDeviceMemory(format_bytes(bytes) + " of managed memory beside " + format_bytes(live_bytes) +
                                " would pass OCTRAIN_MANAGED_LIMIT, which is " + std::to_string(*limit) +
                                " bytes",
                            live_bytes + bytes - *limit);
  }
  live_bytes += bytes;
}

ManagedMemory::Allowance::~Allowance() {
  const std::scoped_lock lock(live_mutex);
  live_bytes -= bytes_;
}

ManagedMemory::ManagedMemory(BlockId blocks, int device)
    : device_(checked(device)),
      bytes_(with_boundary(blocks * kBlockBytes)),
      allowance_(bytes_),
      memory_(make_managed(bytes_)),
      arena_(first_block(memory_.data())) {}

std::byte* ManagedMemory::device_address(BlockId block) const { return arena_ + block * kBlockBytes; }

void ManagedMemory::begin(Lane lane, std::span<const BlockRange> ranges, cudaStream_t stream) {
  std::vector<ManagedRange> parts;
  for (const BlockRange& range : ranges)
    parts.push_back({device_address(range.first), range.count * kBlockBytes});
  switch (lane) {
    case Lane::in:
      return prefetch_to_device(parts, device_, stream);
    case Lane::out:
      return prefetch_to_host(parts, stream);
    case Lane::reserve:
    case Lane::outputs:
      if (discards_ && discard_and_prefetch(parts, device_, stream)) return;
      discards_ = false;
      return prefetch_to_device(parts, device_, stream);
    case Lane::drop:
      if (discards_ && !discard(parts, stream)) discards_ = false;
      return;
  }
}

std::string ManagedMemory::description() const {
  return discards_ ? "managed memory with discards" : "managed memory without discards";
}

}  // namespace octrain::runtime::cuda
