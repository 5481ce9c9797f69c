#include <cuda_runtime.h>

#include "kernels.h"
#include "runtime/cuda/page_words.h"

namespace octrain::runtime::cuda::gpu {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kMostBlocks = 1024;
constexpr std::uint64_t kWordsInPage = kWordPageBytes / sizeof(std::uint64_t);

unsigned blocks_for(std::uint64_t items) {
  const std::uint64_t blocks = (items + kThreads - 1) / kThreads;
  return static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks);
}

__device__ std::uint64_t first_item() { return std::uint64_t{blockIdx.x} * kThreads + threadIdx.x; }
__device__ std::uint64_t item_step() { return std::uint64_t{gridDim.x} * kThreads; }

__global__ void fill_bytes(unsigned char* at, unsigned char value, std::uint64_t bytes) {
  for (std::uint64_t i = first_item(); i < bytes; i += item_step()) at[i] = value;
}

__global__ void compare_bytes(const unsigned char* at, unsigned char value, std::uint64_t bytes,
                              volatile std::uint32_t* wrong) {
  for (std::uint64_t i = first_item(); i < bytes; i += item_step()) {
    if (at[i] != value) *wrong = 1;
  }
}

__global__ void grow_words(std::uint64_t* at, std::uint64_t start, std::uint64_t step, std::uint64_t words) {
  for (std::uint64_t i = first_item(); i < words; i += item_step()) at[i] = start + (i + 1) * step;
}

__global__ void compare_words(const std::uint64_t* at, std::uint64_t start, std::uint64_t step,
                              std::uint64_t words, volatile std::uint32_t* wrong) {
  for (std::uint64_t i = first_item(); i < words; i += item_step()) {
    if (at[i] != start + (i + 1) * step) *wrong = 1;
  }
}

// The threads of the one block read side by side, and the first mixes what they found, in order.
__device__ std::uint64_t mix_pages(std::uint64_t seen, const WordPages& pages) {
  __shared__ std::uint64_t found[kThreads];
  for (std::uint64_t start = 0; start < pages.count; start += kThreads) {
    const std::uint64_t page = start + threadIdx.x;
    if (page < pages.count) found[threadIdx.x] = pages.first[page * kWordsInPage];
    __syncthreads();
    for (std::uint64_t i = 0; threadIdx.x == 0 && i < kThreads && start + i < pages.count; ++i)
      seen = mix(seen, found[i]);
    __syncthreads();
  }
  return seen;
}

__global__ void word_op(WordOp op) {
  __shared__ std::uint64_t shared_seen;
  for (std::uint64_t page = threadIdx.x; page < op.workspace.count; page += kThreads)
    op.workspace.first[page * kWordsInPage] = kSpoilt;
  std::uint64_t seen = op.seed;
  for (int i = 0; i < op.reads; ++i) seen = mix_pages(seen, op.read[i]);
  if (threadIdx.x == 0) shared_seen = *op.seen = seen;
  __syncthreads();
  for (int i = 0; i < op.writes; ++i) {
    const WordPages& to = op.written[i];
    for (std::uint64_t page = threadIdx.x; page < to.count; page += kThreads)
      to.first[page * kWordsInPage] = mix(shared_seen + static_cast<std::uint64_t>(i), page);
  }
}

}  // namespace

cudaError_t fill(cudaStream_t stream, void* at, unsigned char value, std::uint64_t bytes) {
  fill_bytes<<<blocks_for(bytes), kThreads, 0, stream>>>(static_cast<unsigned char*>(at), value, bytes);
  return cudaGetLastError();
}

cudaError_t expect_filled(cudaStream_t stream, const void* at, unsigned char value, std::uint64_t bytes,
                          std::uint32_t* wrong) {
  compare_bytes<<<blocks_for(bytes), kThreads, 0, stream>>>(static_cast<const unsigned char*>(at), value,
                                                            bytes, wrong);
  return cudaGetLastError();
}

cudaError_t write_words(cudaStream_t stream, void* at, std::uint64_t start, std::uint64_t step,
                        std::uint64_t words) {
  grow_words<<<blocks_for(words), kThreads, 0, stream>>>(static_cast<std::uint64_t*>(at), start, step, words);
  return cudaGetLastError();
}

cudaError_t expect_words(cudaStream_t stream, const void* at, std::uint64_t start, std::uint64_t step,
                         std::uint64_t words, std::uint32_t* wrong) {
  compare_words<<<blocks_for(words), kThreads, 0, stream>>>(static_cast<const std::uint64_t*>(at), start,
                                                            step, words, wrong);
  return cudaGetLastError();
}

cudaError_t run_op(cudaStream_t stream, const WordOp& op) {
  word_op<<<1, kThreads, 0, stream>>>(op);
  return cudaGetLastError();
}

}  // namespace octrain::runtime::cuda::gpu
