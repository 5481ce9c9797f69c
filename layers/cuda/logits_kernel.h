// What softmax loss and accuracy have in common: logits and labels as operands, and a result for the host.
#pragma once

#include "device_kernel.h"
#include "functors/logits.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::layers::cuda {

class LogitsKernel : public DeviceKernel {
 public:
  LogitsKernel(const KernelRequest& request, const CudaContext& context);

 protected:
  template <class T>
  [[nodiscard]] Logits<T> logits(const KernelCall& call) const {
    return {call.input<T>(0), call.input(1), call.images, classes_};
  }
  /// Bytes of workspace: what total() needs, then `bytes_per_image` for each image.
  static std::uint64_t workspace_for(std::int64_t images, std::size_t bytes_per_image);
  /// The part of the workspace that is the images'.
  template <class T>
  static T* of_images(const KernelCall& call) {
    return reinterpret_cast<T*>(call.workspace + kResultBytes);
  }

  /// of(image), a double, added up over the images of the call: waits for the stream. Throws BadInput where a
  /// label is none of the classes.
  template <class Of>
  double total(const Of& of, const KernelCall& call) const {
    auto* result = reinterpret_cast<LogitsResult*>(call.workspace);
    on_device_.reduce(TotalOfImages<Of>{of, result}, 1);
    return fetch(result, call);
  }

  /// The host waits for results, and gradients are multiplied by the iteration's loss scale.
  bool repeats(bool) const final { return false; }

 private:
  static constexpr std::size_t kResultBytes = 64;
  static_assert(sizeof(LogitsResult) <= kResultBytes);

  double fetch(const LogitsResult* result, const KernelCall& call) const;

  std::int64_t classes_;
  mutable runtime::cuda::PinnedBuffer fetched_;  ///< made when it is first needed: a net may only be planned
};

}  // namespace octrain::layers::cuda
