// The CUDA backend as the backend under test: on a GPU, or on the fake device with its own kernels compiled
// for the host (without_libraries.cpp). Operands are managed memory, which host and device touch in turn.
#include "layers/cuda/cuda_under_test.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "layers/cuda/device_under_test.h"
#include "octrain/layers/cuda/backend.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::layers::testing {

// Never destroyed: the runtime may be gone before anything that is static.
cudaStream_t stream_under_test() {
  static const auto* const kStream = new runtime::cuda::Stream(runtime::cuda::make_stream());
  return kStream->get();
}

std::unique_ptr<Backend> make_backend_of(ElementType element) {
  cuda::CudaBackendOptions options;
  options.stream = stream_under_test();
  options.element = element;
  return cuda::make_cuda_backend(options);
}

std::unique_ptr<Backend> make_backend_under_test(int) { return make_backend_of(ElementType::float32); }

std::vector<int> layouts_under_test() { return {1}; }

void* allocate_operands(std::size_t bytes) {
  void* memory = nullptr;
  runtime::cuda::check(cudaMallocManaged(&memory, std::max<std::size_t>(bytes, 1)), "cudaMallocManaged");
  return memory;
}

void free_operands(void* memory) { EXPECT_EQ(cudaFree(memory), cudaSuccess); }

void wait_for_backend_under_test() {
  runtime::cuda::check(cudaStreamSynchronize(stream_under_test()), "cudaStreamSynchronize");
}

}  // namespace octrain::layers::testing
