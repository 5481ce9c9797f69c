// The CUDA backend on a GPU as the backend under test. Operands are managed memory, which host and device
// touch in turn. Without a GPU every test is skipped.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "layers/backend_under_test.h"
#include "octrain/layers/cuda/backend.h"
#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::layers::testing {

namespace {

class NeedsAGpu final : public ::testing::Environment {
 public:
  void SetUp() override {
    const runtime::cuda::DeviceProbe probe = runtime::cuda::probe_device();
    if (!probe.facts) GTEST_SKIP() << probe.why_not;
  }
};

// NOLINTNEXTLINE(cert-err58-cpp): gtest_main has no other place for it
const auto* const kNeedsAGpu = ::testing::AddGlobalTestEnvironment(new NeedsAGpu);

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

void* allocate_operands(std::size_t bytes) {
  void* memory = nullptr;
  runtime::cuda::check(cudaMallocManaged(&memory, bytes > 0 ? bytes : 1), "cudaMallocManaged", bytes);
  return memory;
}

void free_operands(void* memory) { static_cast<void>(cudaFree(memory)); }

void wait_for_backend_under_test() {
  runtime::cuda::check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
}

}  // namespace octrain::layers::testing
