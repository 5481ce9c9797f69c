// What the kernels that are functors and need no library have in common.
#pragma once

#include <optional>
#include <string>

#include "kernels.h"
#include "launch.h"
#include "octrain/runtime/cuda/error.h"

namespace octrain::layers::cuda {

/// Where an update, or a kernel, enqueues its work.
class Launcher {
 public:
  explicit Launcher(cudaStream_t stream) : stream_(stream) {}

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  template <class Functor>
  void launch(const Functor& functor, std::int64_t count) const {
    runtime::cuda::check(enqueue(functor, count, stream_), Functor::kName);
  }
  template <class Reduction>
  void reduce(const Reduction& reduction, std::int64_t blocks) const {
    runtime::cuda::check(enqueue_reduction(reduction, blocks, stream_), Reduction::kName);
  }

 private:
  cudaStream_t stream_;
};

/// Of blobs in plain layout and the backend's element type, as are its tops.
class DeviceKernel : public Kernel {
 public:
  [[nodiscard]] std::vector<Layout> top_layouts() const override;

 protected:
  /// `labels`: the bottom that holds them, which are float32 in any case.
  DeviceKernel(const KernelRequest& request, const CudaContext& context,
               std::optional<std::size_t> labels = std::nullopt);

  /// Throws std::logic_error for a call with another number of operands.
  void expect_operands(const KernelCall& call, std::size_t in, std::size_t out) const;
  [[nodiscard]] const std::string& layer() const { return layer_; }
  [[nodiscard]] ElementType element() const { return element_; }

  Launcher on_device_;

 private:
  std::string layer_;
  ElementType element_;
  std::size_t tops_;
};

}  // namespace octrain::layers::cuda
