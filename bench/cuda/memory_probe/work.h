// What the sections of the probe are made of: kernels that touch memory, where memory is put beforehand, the
// sizes.
#pragma once

#include <cstring>
#include <vector>

#include "memory.h"
#include "report.h"

namespace probe {

constexpr std::size_t kPageBytes = 4096;
constexpr long long kBusyNs = 20'000'000;

__device__ unsigned never_written;

// Zeros, since read_block_by_block() takes what it reads for the next offset.
__global__ void write_all(uint4* words, std::size_t count) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    words[i] = make_uint4(0, 0, 0, 0);
  }
}

__global__ void read_all(const uint4* words, std::size_t count) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  unsigned seen = 0;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    const uint4 word = words[i];
    seen |= word.x | word.y | word.z | word.w;
  }
  if (seen != 0) never_written = seen;  // never so, but the compiler cannot know: the reads stay
}

// One thread, one word in each 2 MiB block; each read waits for the one before, so that faults come one at a
// time.
__global__ void read_block_by_block(const volatile unsigned* words, std::size_t blocks) {
  unsigned last = 0;
  for (std::size_t i = 0; i < blocks; ++i) last = words[i * (kBlockBytes / sizeof(unsigned)) + last];
  if (last != 0) never_written = last;
}

__global__ void nothing() {}

__device__ inline long long timer_ns() {
  long long now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
}

// Keeps a stream busy. The number of turns bounds it should the timer stand still.
__global__ void spin(long long duration_ns) {
  const long long start = timer_ns();
  for (int turn = 0; turn < (1 << 26) && timer_ns() - start < duration_ns; ++turn) {
  }
}

// Those of the sizes for which two ranges of managed memory and two pairs for copies pass the ledger's checks
// at once: the two pairs leave free - 2 sizes, and half of that must hold the two ranges. Eighths leave some
// room to others on the card.
inline std::vector<std::size_t> sizes_within(std::size_t limit_bytes, std::size_t free_bytes) {
  std::vector<std::size_t> sizes;
  for (const std::size_t mib : {2, 8, 32, 128, 512, 1024}) {
    const std::size_t bytes = mib * kMiB;
    if (2 * (bytes + kBlockBytes) <= limit_bytes && 8 * (bytes + kBlockBytes) <= free_bytes) {
      sizes.push_back(bytes);
    }
  }
  return sizes;
}

struct Session {
  Session(Ledger& account, Report& results, std::vector<std::size_t> fitting_sizes)
      : ledger(account), report(results), sizes(std::move(fitting_sizes)) {
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, kDevice),
          "cudaDeviceGetAttribute");
  }
  std::size_t largest_bytes(std::size_t most_bytes = kGiB) const {
    return std::min(sizes.back(), most_bytes);
  }

  Ledger& ledger;
  Report& report;
  std::vector<std::size_t> sizes;  // ascending, at least one
  int processors = 0;
  Stream first;
  Stream second;
};

inline void launched() { check(cudaGetLastError(), "kernel launch"); }

inline void read_on_device(const Session& session, Range range) {
  read_all<<<session.processors * 4, 256, 0, session.first>>>(reinterpret_cast<const uint4*>(range.data),
                                                              range.bytes / sizeof(uint4));
  launched();
}

inline void read_blocks_on_device(const Session& session, Range range) {
  read_block_by_block<<<1, 1, 0, session.first>>>(reinterpret_cast<const unsigned*>(range.data),
                                                  range.bytes / kBlockBytes);
  launched();
}

// One byte of every so many.
inline void read_on_host(Range range, std::size_t stride_bytes) {
  const volatile char* bytes = range.data;
  for (std::size_t at = 0; at < range.bytes; at += stride_bytes) static_cast<void>(bytes[at]);
}

// Brings a range to one side and writes all of it there, so that the other side has no valid copy.
inline void place(const Session& session, Range range, Side side) {
  prefetch(range, side, session.first);
  if (side == Side::kDevice) {
    write_all<<<session.processors * 4, 256, 0, session.first>>>(reinterpret_cast<uint4*>(range.data),
                                                                 range.bytes / sizeof(uint4));
    launched();
    synchronize();
  } else {
    synchronize();
    std::memset(range.data, 0, range.bytes);
  }
}

inline void keep_busy(cudaStream_t stream) {
  spin<<<1, 1, 0, stream>>>(kBusyNs);
  launched();
}

// The row, or null where this driver or toolkit lacks a call that the case needs: any other failure ends the
// run.
template <typename Prepare, typename Issue>
const Row* measure(const Session& session, Case done, Prepare prepare, Issue issue,
                   const Row* against = nullptr) {
  try {
    return session.report.add(std::move(done), repeat(prepare, issue, synchronize), against);
  } catch (const CudaFailure& failure) {
    if (failure.code() != cudaErrorNotSupported) throw;
    cudaGetLastError();  // forgets it, or the next kernel launch would be blamed
    session.report.note(std::string("not available: ") + failure.what());
    return nullptr;
  }
}

}  // namespace probe
