// A training small enough to be run hundreds of times, with every kind of hint: three weights on the host, an
// activation that leaves and comes back, one that dies, workspace.
#pragma once

#include <array>
#include <vector>

#include "cuda_cases.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::runtime::cuda {

class SmallTraining {
 public:
  static MemorySpaceSizes sizes(Kind kind = Kind::managed) {
    return {{2 * kBlockBytes, kBlockBytes, 8, 2 * kBlockBytes, kBlockBytes},
            kind == Kind::incore ? 0 : 7 * kBlockBytes,
            kBlockBytes};
  }

  /// What it leaves of the first weight must be what is expected. Throws what the memory throws, and
  /// CudaError for a kernel that is refused.
  static void run(const CudaCase& memory) {
    const Stream compute = make_stream();
    const auto space = memory.make(sizes(memory.kind), compute.get());
    SmallTraining training(*space, compute.get());
    for (const TensorId weight : {0U, 1U, 2U}) training.store(weight, 1);
    for (int iteration = 0; iteration < 2; ++iteration) training.iterate();
    space->quiesce();
    training.expect_grown(3);
  }

 private:
  static constexpr TensorId kLeaves = 3, kDies = 4;

  SmallTraining(MemorySpace& space, cudaStream_t compute)
      : space_(space), compute_(compute), timer_(space.make_timer()) {}

  void store(TensorId tensor, std::uint64_t value) {
    const std::vector<std::uint64_t> words(sizes().tensor_bytes[tensor] / 8, value);
    space_.write_contents(tensor, 0, std::as_bytes(std::span(words)));
  }

  void iterate() {
    space_.begin_iteration();
    (void)timer_->take();
    for (const TensorId weight : {0U, 1U, 2U}) space_.prefetch(weight);
    op({0, 1}, {kLeaves}, kBlockBytes);
    space_.evict(kLeaves);
    op({0, 2}, {kDies}, 8);
    space_.evict(0);
    op({kDies}, {1}, 0);
    space_.discard(kDies);
    space_.prefetch(kLeaves);
    space_.prefetch(0);
    op({kLeaves, 0}, {0}, kBlockBytes);
    space_.discard(kLeaves);
    for (const TensorId weight : {0U, 1U, 2U}) space_.evict(weight);
    (void)timer_->take();
    (void)space_.take_counters();
  }

  /// Adds one to what it updates.
  void op(const std::vector<TensorId>& reads, const std::vector<TensorId>& writes, std::uint64_t workspace) {
    const OpAccess access{reads, writes, workspace};
    timer_->waits("op");
    space_.acquire(access);
    timer_->runs();
    std::vector<fake_cuda::Range> from, to{{space_.workspace(), workspace}};
    for (const TensorId tensor : reads)
      from.push_back({space_.address(tensor), sizes().tensor_bytes[tensor]});
    for (const TensorId tensor : writes) to.push_back({space_.address(tensor), sizes().tensor_bytes[tensor]});
    auto* const words = reinterpret_cast<std::uint64_t*>(space_.address(writes.front()));
    const bool updates = writes.front() == 0;
    const auto work = [words, updates] { *words = updates ? *words + 1 : 7; };
    check(fake_cuda::launch(compute_, from, to, work), "launch");
    timer_->done();
    space_.release(access);
  }

  void expect_grown(std::uint64_t value) {
    std::uint64_t word = 0;
    space_.read_contents(0, 0, std::as_writable_bytes(std::span(&word, 1)));
    EXPECT_EQ(word, value);
  }

  MemorySpace& space_;
  cudaStream_t compute_;
  std::unique_ptr<OpTimer> timer_;
};

}  // namespace octrain::runtime::cuda
