// A CUDA runtime without a GPU, for tests of the CUDA memory: the library `fake_cuda` defines the runtime's
// (and the driver's virtual memory) functions that this project calls, with the toolkit's own declarations;
// this header controls it and asks what it saw.
//
// Memory is RAM. Every stream is a thread, with seeded delays, so that streams run out of order until an
// event orders them. What a call means for the accounts (where blocks lie, what is discarded, who has used
// what) is worked out when the call is made: every order that the events allow gives the same account, and
// what they leave open is reported as a violation, whatever order the threads then happened to take.
//
// A stream that is captured notes its work, and a graph's launch does and accounts for all of it as one call.
//
// Not here: the NULL stream and the per-thread default stream (calls on them answer an error), devices that
// differ (further ones can be counted and chosen, and are the same), eviction by the driver for want of room.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace octrain::fake_cuda {

inline constexpr std::uint64_t kBlockBytes = std::uint64_t{2} << 20;
inline constexpr std::uint64_t kNoBudget = std::numeric_limits<std::uint64_t>::max();

struct Options {
  int device_count = 1;
  /// What every call that needs a device answers: cudaErrorNoDevice, cudaErrorInsufficientDriver.
  cudaError_t device_error = cudaSuccess;
  std::uint64_t total_bytes = std::uint64_t{16} << 30;  ///< of cudaMalloc and cuMemCreate together
  bool concurrent_managed_access = true;
  bool discard = true;  ///< false: the discarding calls answer cudaErrorNotSupported
  int driver_version = CUDART_VERSION;
  int runtime_version = CUDART_VERSION;
  std::uint64_t managed_alignment = kBlockBytes;  ///< CUDA promises none; 4 KiB to 2 MiB
  std::uint64_t seed = 1;                         ///< of the delays
  std::chrono::microseconds longest_delay{200};   ///< before a piece of a stream's work
};

/// Waits for all streams, gives back all that is left (handles become invalid), forgets log, violations,
/// counters, budget and failure, and begins anew.
void reset(const Options& options = {});

/// How many managed bytes may lie on the device by prefetch (whole blocks).
void set_budget(std::uint64_t bytes);

struct Range {
  const void* address = nullptr;
  std::uint64_t bytes = 0;
};

/// A kernel: runs `function` on the stream, in order. Blocks of managed memory that do not lie on the device
/// are faulted in. `function` must call no CUDA function.
cudaError_t launch(cudaStream_t stream, const std::vector<Range>& reads, const std::vector<Range>& writes,
                   std::function<void()> function, std::string label = {});

/// Says that the calling thread touches these bytes now (it cannot be seen): managed blocks move to the host.
void host_access(const std::vector<Range>& reads, const std::vector<Range>& writes);

/// Where a block of managed memory lies after all calls so far.
enum class Place { kNowhere, kHost, kDevice, kDiscarded };
[[nodiscard]] Place where(const void* address);

/// What a call does to a range of bytes. kNone: allocates, frees, maps or advises.
enum class Touch { kNone, kRead, kWrite, kToDevice, kToHost, kDiscard };

struct Operand {
  const void* address = nullptr;
  std::uint64_t bytes = 0;
  Touch touch = Touch::kNone;
};

struct Call {
  std::string name;   ///< the function's, or "launch"
  std::string label;  ///< of a launch
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  std::vector<Operand> operands;
  cudaError_t result = cudaSuccess;
};

/// Every call so far but cudaGetLastError, cudaPeekAtLastError and the calls for names and texts of errors.
[[nodiscard]] std::vector<Call> log();
/// How many calls there were; of one name, if given.
[[nodiscard]] std::size_t calls(std::string_view name = {});

enum class Defect {
  kUseOfDiscarded,  ///< read after a discard, and neither written nor prefetched between
  kPastBudget,      ///< a prefetch, while more lies (or may still lie) on the device than the budget
  /// Two uses of the same bytes, neither both reads nor both prefetches to one place, that no event and no
  /// wait of the host orders. cudaMemcpy from plain memory to the device need not be done when it returns.
  kMissingOrder,
  kFreeInUse,         ///< memory freed or unmapped whose uses the host has not waited for
  kDestroyInUse,      ///< an event or a stream destroyed whose work the host has not waited for
  kUseAfterDestroy,   ///< of an event or a stream
  kUnalignedDiscard,  ///< not of whole 2 MiB blocks
  kBatchOnNull,       ///< a batch call on the NULL stream
  kNotMapped,         ///< a kernel, copy or hint on bytes that are none of the runtime's, or not accessible
  kCallFromStream,    ///< a CUDA call from a host function or a kernel
};

struct Violation {
  Defect defect{};
  std::string text;  ///< the calls with number, stream and addresses; the block, if managed
};

[[nodiscard]] std::vector<Violation> violations();
/// All of them, a line each: for messages of tests.
[[nodiscard]] std::string violations_text();

/// Bytes are those of whole blocks.
struct Counters {
  std::uint64_t prefetched_in_bytes = 0;   ///< from the host to the device by prefetch
  std::uint64_t prefetched_out_bytes = 0;  ///< from the device to the host by prefetch
  std::uint64_t populated_bytes = 0;       ///< prefetched to the device with nothing to copy
  std::uint64_t discarded_bytes = 0;
  std::uint64_t faults = 0;        ///< blocks that a kernel found elsewhere than on the device
  std::uint64_t fault_bytes = 0;   ///< theirs, also of those that lay nowhere or were discarded
  std::uint64_t host_faults = 0;   ///< blocks that the host found on the device
  std::uint64_t device_bytes = 0;  ///< managed, that lie on the device now
  std::uint64_t peak_device_bytes = 0;
};

[[nodiscard]] Counters counters();

/// Memory, address ranges, handles, streams and events that nobody has given back; a line each. What was to
/// be given back by a call that fail_call() made fail is not named.
[[nodiscard]] std::vector<std::string> leaks();

/// The n-th call from now (1: the next), of the given name if there is one, answers `error` and has no
/// effect; but calls that wait do wait, since their errors are those of earlier work. One failure at a time.
/// Errors that cost a real process its context (cudaErrorIllegalAddress, cudaErrorLaunchFailure and their
/// like) are answered by every later call that needs the device, too.
void fail_call(std::size_t n, cudaError_t error, std::string_view name = {});
/// Whether the failure is still to come.
[[nodiscard]] bool failure_pending();

}  // namespace octrain::fake_cuda
