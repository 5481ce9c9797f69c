#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "fake_cuda/hints.h"

namespace octrain::fake_cuda {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
/// What a discard leaves: read as a float it is not a number.
constexpr int kLost = 0xFF;

/// Pages that nobody has touched hold nothing to lose, and are left alone: they take no RAM yet.
void lose(const Range& range) {
  const std::uintptr_t begin = (number(range.address) + kPageBytes - 1) / kPageBytes * kPageBytes;
  const std::uintptr_t end = (number(range.address) + range.bytes) / kPageBytes * kPageBytes;
  if (begin >= end) return;
  std::vector<unsigned char> present((end - begin) / kPageBytes);
  if (mincore(as_pointer(begin), end - begin, present.data()) != 0)
    std::fill(present.begin(), present.end(), 1);
  for (std::size_t page = 0; page < present.size(); ++page)
    if (present[page] != 0) std::memset(as_pointer(begin + page * kPageBytes), kLost, kPageBytes);
}

bool is_managed(const World& world, const Range& range) {
  const Region* region = world.space.region_at(range.address);
  return range.bytes > 0 && region != nullptr && region->memory->kind == MemoryKind::kManaged;
}

void check_whole_blocks(const Frame& frame, const Range& range) {
  if (number(range.address) % kBlockBytes == 0 && range.bytes % kBlockBytes == 0) return;
  frame.world.journal.violate(
      Defect::kUnalignedDiscard, frame.call,
      hexadecimal(range.address) + "+" + std::to_string(range.bytes) + " is not whole blocks of 2 MiB");
}

void record(const Frame& frame, const std::vector<Hint>& hints) {
  std::vector<Operand>& operands = frame.record().operands;
  for (const auto& [range, to, discard] : hints) {
    if (discard) operands.push_back({range.address, range.bytes, Touch::kDiscard});
    if (to != Touch::kNone) operands.push_back({range.address, range.bytes, to});
  }
}

/// Accounts for one hint; false if its range is none.
bool note(const Frame& frame, const Issue& issue, const Hint& hint) {
  Accounts& accounts = frame.world.accounts;
  if (hint.discard) {
    check_whole_blocks(frame, hint.range);
    if (!accounts.touch(hint.range, issue.use(Touch::kDiscard), Toucher::kKernel)) return false;
  }
  return hint.to == Touch::kNone || accounts.touch(hint.range, issue.use(hint.to), Toucher::kKernel);
}

cudaError_t prefetch(const void* address, std::size_t bytes, const Location& location, unsigned int flags,
                     cudaStream_t handle) {
  return run_on_stream("cudaMemPrefetchAsync", handle, [&](const Frame& frame, Stream& stream) {
    const Touch to = towards(frame.world, location);
    if (!frame.world.options.concurrent_managed_access || to == Touch::kNone) return cudaErrorInvalidDevice;
    if (flags != 0) return cudaErrorInvalidValue;
    return give_hints(frame, stream, {{{address, bytes}, to, false}});
  });
}

/// Advice is checked and logged; it moves nothing.
cudaError_t advise(const void* address, std::size_t bytes, cudaMemoryAdvise advice,
                   const Location& location) {
  return run_call("cudaMemAdvise", [&](const Frame& frame) {
    frame.record().operands.push_back({address, bytes, Touch::kNone});
    if (advice < cudaMemAdviseSetReadMostly || advice > cudaMemAdviseUnsetAccessedBy)
      return cudaErrorInvalidValue;
    const bool asks_where = advice == cudaMemAdviseSetPreferredLocation ||
                            advice == cudaMemAdviseSetAccessedBy || advice == cudaMemAdviseUnsetAccessedBy;
    const Touch about = towards(frame.world, location);
    const bool moves = frame.world.options.concurrent_managed_access;
    if (asks_where && (about == Touch::kNone || (about == Touch::kToDevice && !moves)))
      return cudaErrorInvalidDevice;
    return is_managed(frame.world, {address, bytes}) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

bool is_device(const World& world, int ordinal) {
  return ordinal >= 0 && ordinal < world.options.device_count;
}

}  // namespace

cudaError_t give_hints(const Frame& frame, Stream& stream, const std::vector<Hint>& hints) {
  World& world = frame.world;
  record(frame, hints);
  for (const Hint& hint : hints)
    if (!is_managed(world, hint.range)) return cudaErrorInvalidValue;
  const Issue issue = world.issue(stream, frame.call);
  std::vector<Range> lost;
  bool arrives = false;
  for (const Hint& hint : hints) {
    if (!note(frame, issue, hint)) return cudaErrorInvalidValue;
    if (hint.discard) lost.push_back(hint.range);
    arrives = arrives || hint.to == Touch::kToDevice;
  }
  if (arrives) world.accounts.check_budget(issue.use(Touch::kToDevice));
  stream.enqueue([lost] { std::for_each(lost.begin(), lost.end(), lose); });
  return cudaSuccess;
}

Touch towards(const World& world, const Location& location) {
#if CUDART_VERSION >= 13000
  switch (location.type) {
    case cudaMemLocationTypeDevice:
      return is_device(world, location.id) ? Touch::kToDevice : Touch::kNone;
    case cudaMemLocationTypeHost:
    case cudaMemLocationTypeHostNuma:
    case cudaMemLocationTypeHostNumaCurrent:
      return Touch::kToHost;
    default:
      return Touch::kNone;
  }
#else
  if (location == cudaCpuDeviceId) return Touch::kToHost;
  return is_device(world, location) ? Touch::kToDevice : Touch::kNone;
#endif
}

}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

#if CUDART_VERSION >= 13000
cudaError_t cudaMemPrefetchAsync(const void* devPtr, size_t count, cudaMemLocation location,
                                 unsigned int flags, cudaStream_t stream) {
  return prefetch(devPtr, count, location, flags, stream);
}

cudaError_t cudaMemAdvise(const void* devPtr, size_t count, cudaMemoryAdvise advice,
                          cudaMemLocation location) {
  return advise(devPtr, count, advice, location);
}
#else
cudaError_t cudaMemPrefetchAsync(const void* devPtr, size_t count, int dstDevice, cudaStream_t stream) {
  return prefetch(devPtr, count, dstDevice, 0, stream);
}

cudaError_t cudaMemAdvise(const void* devPtr, size_t count, cudaMemoryAdvise advice, int device) {
  return advise(devPtr, count, advice, device);
}
#endif

}  // extern "C"
