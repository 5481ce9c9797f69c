// What the CUDA backend's own kernels need in a program without cuBLAS and cuDNN, on the fake device. Inner
// products, which the harness cannot do without, are the host's.
#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"
#include "kernels.h"
#include "layers/cuda/device_under_test.h"
#include "octrain/layers/host/backend.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

/// In the order of the stream, as on a device.
class HostKernelOnStream final : public Kernel {
 public:
  HostKernelOnStream(const KernelRequest& request, cudaStream_t stream)
      : Kernel(request), host_(make_host_backend()->make_kernel(request)), stream_(stream) {}

  std::vector<Layout> top_layouts() const override { return host_->top_layouts(); }
  std::vector<ParameterStorage> parameter_storage() const override { return host_->parameter_storage(); }
  void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const override {
    host_->to_canonical(parameter, chunk, stored, canonical);
  }
  void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const override {
    host_->from_canonical(parameter, chunk, canonical, stored);
  }
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override {
    return host_->workspace_bytes(step, images, accumulate);
  }
  void run(Step step, const KernelCall& call) const override {
    runtime::cuda::check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    host_->run(step, call);
  }

 private:
  std::unique_ptr<Kernel> host_;
  cudaStream_t stream_;
};

class NothingWrong final : public ::testing::Environment {
 public:
  void TearDown() override { EXPECT_EQ(fake_cuda::violations_text(), ""); }
};

const auto* const kNothingWrong = ::testing::AddGlobalTestEnvironment(new NothingWrong);

}  // namespace

CudaContext::CudaContext(const CudaBackendOptions& backend_options)
    : options(backend_options), stream(options.stream) {}

std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<HostKernelOnStream>(request, context.stream);
}

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request, CudaContext&) {
  throw runtime::UsageError("layer '" + request.spec.name + "': there are no convolutions here");
}

}  // namespace octrain::layers::cuda

namespace octrain::layers::testing {

static_assert(kNoBudget == fake_cuda::kNoBudget);

bool has_libraries() { return false; }
void watch_budget(std::uint64_t bytes) { fake_cuda::set_budget(bytes); }
std::string violations_of_device() { return fake_cuda::violations_text(); }

}  // namespace octrain::layers::testing
