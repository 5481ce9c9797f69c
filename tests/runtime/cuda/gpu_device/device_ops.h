// The ops of random_ops.h as kernels on a GPU.
#pragma once

#include <cstring>
#include <vector>

#include "device_work.h"
#include "octrain/runtime/cuda/error.h"
#include "random_ops.h"

namespace octrain::runtime::cuda {

/// Outlives the kernels.
class DeviceOps {
 public:
  DeviceOps(const advisor::Schedule& schedule, cudaStream_t compute, std::uint64_t iterations)
      : schedule_(schedule),
        compute_(compute),
        seen_(make_pinned_buffer(iterations * schedule.ops.size() * sizeof(std::uint64_t))) {}

  /// Each spoils its workspace too.
  [[nodiscard]] std::vector<OpFunction> functions() {
    std::vector<OpFunction> functions;
    for (std::size_t index = 0; index < schedule_.ops.size(); ++index)
      functions.emplace_back([this, index](const OpContext& context) { launch(index, context); });
    return functions;
  }
  /// What all ops read, in order, once the stream is done.
  [[nodiscard]] std::vector<std::uint64_t> seen() const {
    std::vector<std::uint64_t> words(seen_.bytes() / sizeof(std::uint64_t));
    std::memcpy(words.data(), seen_.data(), seen_.bytes());
    return words;
  }

 private:
  static gpu::WordPages pages(std::byte* at, std::uint64_t bytes) {
    return {reinterpret_cast<std::uint64_t*>(at), bytes / kWordPageBytes};
  }

  void launch(std::size_t index, const OpContext& context) {
    const advisor::Op& op = schedule_.ops[index];
    gpu::WordOp work;
    ASSERT_LE(std::max(op.reads.size(), op.writes.size()), std::size_t{gpu::kMostOperands});
    work.seed = mix(context.iteration, index);
    work.seen =
        reinterpret_cast<std::uint64_t*>(seen_.data()) + context.iteration * schedule_.ops.size() + index;
    work.workspace = pages(context.workspace, op.workspace_bytes);
    const auto pages_of = [&](TensorId tensor) {
      return pages(context.memory.address(tensor), schedule_.tensors[tensor].bytes);
    };
    for (const TensorId tensor : op.reads) work.read[work.reads++] = pages_of(tensor);
    for (const TensorId tensor : op.writes) work.written[work.writes++] = pages_of(tensor);
    check(gpu::run_op(compute_, work), "run_op");
  }

  const advisor::Schedule& schedule_;
  cudaStream_t compute_;
  PinnedBuffer seen_;
};

}  // namespace octrain::runtime::cuda
