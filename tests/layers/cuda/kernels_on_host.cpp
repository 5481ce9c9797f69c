// The CUDA backend's own kernels, compiled for the host, as the backend under test. Inner products, which the
// harness needs, are the host's; without cuBLAS and cuDNN there are no other kernels.
#include <cstdlib>

#include "kernels.h"
#include "layers/backend_under_test.h"
#include "octrain/layers/host/backend.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

CudaContext::CudaContext(const CudaBackendOptions& backend_options)
    : options(backend_options), stream(options.stream) {}

std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request, CudaContext&) {
  return make_host_backend()->make_kernel(request);
}

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request, CudaContext&) {
  throw runtime::UsageError("layer '" + request.spec.name + "': there are no convolutions here");
}

}  // namespace octrain::layers::cuda

namespace octrain::layers::testing {

namespace {

cudaStream_t stream() {
  static const runtime::cuda::Stream stream = runtime::cuda::make_stream();
  return stream.get();
}

}  // namespace

std::unique_ptr<Backend> make_backend_under_test(int) {
  cuda::CudaBackendOptions options;
  options.stream = stream();
  return cuda::make_cuda_backend(options);
}

std::vector<int> layouts_under_test() { return {1}; }

void* allocate_operands(std::size_t bytes) { return std::aligned_alloc(64, (bytes + 63) / 64 * 64); }

void free_operands(void* memory) { std::free(memory); }

void wait_for_backend_under_test() {
  runtime::cuda::check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
}

}  // namespace octrain::layers::testing
