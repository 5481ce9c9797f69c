// The ops of random_ops.h as kernels on the fake device.
#pragma once

#include <vector>

#include "device_work.h"
#include "octrain/runtime/cuda/error.h"
#include "random_ops.h"

namespace octrain::runtime::cuda {

/// Outlives the kernels.
class DeviceOps {
 public:
  DeviceOps(const advisor::Schedule& schedule, cudaStream_t compute, std::uint64_t iterations)
      : schedule_(schedule), compute_(compute), seen_(iterations * schedule.ops.size()) {}

  /// Each spoils its workspace too.
  [[nodiscard]] std::vector<OpFunction> functions() {
    std::vector<OpFunction> functions;
    for (std::size_t index = 0; index < schedule_.ops.size(); ++index)
      functions.emplace_back([this, index](const OpContext& context) { launch(index, context); });
    return functions;
  }
  /// What all ops read, in order, once the stream is done.
  [[nodiscard]] const std::vector<std::uint64_t>& seen() const { return seen_; }

 private:
  void launch(std::size_t index, const OpContext& context) {
    const advisor::Op& op = schedule_.ops[index];
    std::vector<fake_cuda::Range> from, to{{context.workspace, op.workspace_bytes}};
    Operands operands;
    const auto add = [&](TensorId tensor, std::vector<Pages>& pages, std::vector<fake_cuda::Range>& ranges) {
      const std::uint64_t bytes = schedule_.tensors[tensor].bytes;
      pages.emplace_back(context.memory.address(tensor), bytes);
      ranges.push_back({context.memory.address(tensor), bytes});
    };
    for (const TensorId tensor : op.reads) add(tensor, operands.reads, from);
    for (const TensorId tensor : op.writes) add(tensor, operands.writes, to);
    const Pages workspace(context.workspace, op.workspace_bytes);
    std::uint64_t& seen = seen_[context.iteration * schedule_.ops.size() + index];
    const auto kernel = [&seen, operands, workspace, seed = mix(context.iteration, index)] {
      for (std::uint64_t page = 0; page < workspace.count(); ++page) workspace[page] = kSpoilt;
      seen = run_op(seed, operands);
    };
    check(fake_cuda::launch(compute_, from, to, kernel, op.name), "launch");
  }

  const advisor::Schedule& schedule_;
  cudaStream_t compute_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace octrain::runtime::cuda
