// Allocations, copies and fills.
#include <cstring>

#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {
namespace {

constexpr std::uint64_t kDeviceAlignment = 512;  // more than CUDA promises, and as much as its devices want

cudaError_t allocate(const char* name, void** pointer, std::size_t bytes, MemoryKind kind,
                     cudaError_t refusal = cudaSuccess) {
  return run_call(name,
                  [&](const Frame& frame) {
                    if (pointer == nullptr) return cudaErrorInvalidValue;
                    if (refusal != cudaSuccess) return refusal;
                    World& world = frame.world;
                    *pointer = nullptr;
                    if (bytes == 0) return kind == MemoryKind::kManaged ? cudaErrorInvalidValue : cudaSuccess;
                    // Managed memory may be larger than the device, where pages can move while it works.
                    const bool limited =
                        kind == MemoryKind::kDevice ||
                        (kind == MemoryKind::kManaged && !world.options.concurrent_managed_access);
                    if (limited && world.space.device_bytes() + bytes > world.options.total_bytes)
                      return cudaErrorMemoryAllocation;
                    const std::uint64_t alignment =
                        kind == MemoryKind::kManaged ? world.options.managed_alignment : kDeviceAlignment;
                    *pointer = as_pointer(world.space.allocate(kind, bytes, alignment, frame.call));
                    frame.record().operands.push_back({*pointer, bytes, Touch::kNone});
                    return cudaSuccess;
                  },
                  {.breaks_captures = true});
}

cudaError_t give_back(const char* name, void* pointer, bool pinned) {
  return run_call(name,
                  [&](const Frame& frame) {
                    World& world = frame.world;
                    if (pointer == nullptr) return cudaSuccess;
                    Region* region = world.space.allocation(pointer, pinned);
                    if (region == nullptr) return cudaErrorInvalidValue;
                    frame.record().operands.push_back({pointer, region->bytes, Touch::kNone});
                    frame.settle(region->uses, "frees");
                    if (frame.failing) {
                      region->refused = true;
                      return cudaSuccess;
                    }
                    world.accounts.forget(*region);
                    world.space.free(pointer);
                    return cudaSuccess;
                  },
                  {.runs_when_failing = true, .breaks_captures = true});
}

struct Copy {
  void* to = nullptr;
  const void* from = nullptr;
  std::size_t bytes = 0;
  cudaMemcpyKind kind = cudaMemcpyDefault;

  void run() const { std::memcpy(to, from, bytes); }
};

bool is_plain(const World& world, const void* address) { return world.space.region_at(address) == nullptr; }

/// Whether memory there may stand on the device's or on the host's side of a copy.
bool may_be(const World& world, const void* address, bool on_device) {
  const Region* region = world.space.region_at(address);
  if (region == nullptr) return !on_device;
  if (region->memory->kind == MemoryKind::kManaged) return true;
  return (region->memory->kind == MemoryKind::kDevice) == on_device;
}

bool sides_fit(const World& world, const Copy& copy) {
  if (copy.kind == cudaMemcpyDefault) return true;
  const bool from_device = copy.kind == cudaMemcpyDeviceToHost || copy.kind == cudaMemcpyDeviceToDevice;
  const bool to_device = copy.kind == cudaMemcpyHostToDevice || copy.kind == cudaMemcpyDeviceToDevice;
  return may_be(world, copy.from, from_device) && may_be(world, copy.to, to_device);
}

/// Accounts for a copy; plain memory is nobody's account.
cudaError_t note(const Frame& frame, const Copy& copy, Use use) {
  World& world = frame.world;
  const bool to_device = copy.kind == cudaMemcpyHostToDevice || copy.kind == cudaMemcpyDeviceToDevice;
  const Toucher toucher = to_device ? Toucher::kCopyToDevice : Toucher::kCopyToHost;
  use.touch = Touch::kRead;
  if (!is_plain(world, copy.from) && !world.accounts.touch({copy.from, copy.bytes}, use, toucher))
    return cudaErrorInvalidValue;
  use.touch = Touch::kWrite;
  if (!is_plain(world, copy.to) && !world.accounts.touch({copy.to, copy.bytes}, use, toucher))
    return cudaErrorInvalidValue;
  return cudaSuccess;
}

void record(const Frame& frame, const Copy& copy) {
  frame.record().operands = {{copy.from, copy.bytes, Touch::kRead}, {copy.to, copy.bytes, Touch::kWrite}};
}

}  // namespace
}  // namespace octrain::fake_cuda

using namespace octrain::fake_cuda;  // the functions are global: the compiler compares them with the
                                     // toolkit's

extern "C" {

cudaError_t cudaMalloc(void** devPtr, size_t size) {
  return allocate("cudaMalloc", devPtr, size, MemoryKind::kDevice);
}

cudaError_t cudaFree(void* devPtr) { return give_back("cudaFree", devPtr, false); }

cudaError_t cudaMallocManaged(void** devPtr, size_t size, unsigned int flags) {
  return allocate("cudaMallocManaged", devPtr, size, MemoryKind::kManaged,
                  flags == cudaMemAttachGlobal ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaHostAlloc(void** pHost, size_t size, unsigned int) {
  return allocate("cudaHostAlloc", pHost, size, MemoryKind::kPinned);
}

cudaError_t cudaFreeHost(void* ptr) { return give_back("cudaFreeHost", ptr, true); }

/// On the NULL stream. From plain memory to the device, and on the device, CUDA may return before the copy is
/// done: then nothing orders it before the work of a stream that does not wait for the NULL stream.
cudaError_t cudaMemcpy(void* dst, const void* src, size_t count, cudaMemcpyKind kind) {
  const Copy copy{dst, src, count, kind};
  return run_call("cudaMemcpy",
                  [&](const Frame& frame) {
                    World& world = frame.world;
                    record(frame, copy);
                    if (!sides_fit(world, copy)) return cudaErrorInvalidValue;
                    frame.wait_for_all(true);
                    const Use use = world.issue_default(frame.call);
                    if (const cudaError_t error = note(frame, copy, use); error != cudaSuccess) return error;
                    const bool to_device = !is_plain(world, dst) && may_be(world, dst, true);
                    const bool from_device = !is_plain(world, src) && may_be(world, src, true);
                    const bool done_at_return = !to_device || (!is_plain(world, src) && !from_device);
                    frame.lock.unlock();
                    copy.run();
                    frame.lock.lock();
                    if (done_at_return) world.host.join(use.clock);
                    return cudaSuccess;
                  },
                  {.breaks_captures = true});
}

/// With plain memory CUDA returns when that can be used again: the copy is done, or has been staged.
cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t count, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return run_work(
      "cudaMemcpyAsync", stream, [copy = Copy{dst, src, count, kind}](const Frame& frame, Stream& found) {
        World& world = frame.world;
        record(frame, copy);
        if (!sides_fit(world, copy)) return cudaErrorInvalidValue;
        const Issue issue = world.issue(found, frame.call);
        if (const cudaError_t error = note(frame, copy, issue.use(Touch::kNone)); error != cudaSuccess)
          return error;
        const auto ticket = found.enqueue([copy] { copy.run(); });
        if (is_plain(world, copy.to) || is_plain(world, copy.from)) {
          const bool done_at_return = is_plain(world, copy.to);
          frame.wait(*ticket);
          if (done_at_return) world.host.join(issue.clock);
        }
        return cudaSuccess;
      });
}

cudaError_t cudaMemsetAsync(void* devPtr, int value, size_t count, cudaStream_t stream) {
  return run_work("cudaMemsetAsync", stream, [=](const Frame& frame, Stream& found) {
    frame.record().operands.push_back({devPtr, count, Touch::kWrite});
    const Issue issue = frame.world.issue(found, frame.call);
    if (!frame.world.accounts.touch({devPtr, count}, issue.use(Touch::kWrite), Toucher::kKernel))
      return cudaErrorInvalidValue;
    found.enqueue([=] { std::memset(devPtr, value, count); });
    return cudaSuccess;
  });
}

}  // extern "C"
