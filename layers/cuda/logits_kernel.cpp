#include "logits_kernel.h"

#include <cuda_runtime_api.h>

#include <cmath>

#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

LogitsKernel::LogitsKernel(const KernelRequest& request, const CudaContext& context)
    : DeviceKernel(request, context, 1), classes_(request.bottoms[0].shape.c) {}

std::uint64_t LogitsKernel::workspace_for(std::int64_t images, std::size_t bytes_per_image) {
  return kResultBytes + static_cast<std::uint64_t>(images) * bytes_per_image;
}

double LogitsKernel::fetch(const LogitsResult* result, const KernelCall& call) const {
  using runtime::cuda::check;
  if (fetched_.data() == nullptr) fetched_ = runtime::cuda::make_pinned_buffer(sizeof(LogitsResult));
  const auto* fetched = reinterpret_cast<const LogitsResult*>(fetched_.data());
  check(cudaMemcpyAsync(fetched_.data(), result, sizeof *result, cudaMemcpyDeviceToHost, on_device_.stream()),
        "cudaMemcpyAsync of a loss or an accuracy");
  check(cudaStreamSynchronize(on_device_.stream()), "cudaStreamSynchronize for a loss or an accuracy");
  if (fetched->wrong_image == call.images) return fetched->sum;
  throw runtime::BadInput("image " + std::to_string(call.first_image + fetched->wrong_image) +
                          " of the batch has label " + std::to_string(std::lround(fetched->wrong_label)) +
                          ", but the net has " + std::to_string(classes_) + " classes");
}

}  // namespace octrain::layers::cuda
