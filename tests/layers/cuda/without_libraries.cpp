// What the CUDA backend's own kernels need in a program without cuBLAS and cuDNN, on the fake device. Inner
// products, which the harness cannot do without, are the host's.
#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"
#include "kernels.h"
#include "layers/cuda/device_under_test.h"
#include "layers/elements.h"
#include "octrain/layers/host/backend.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

/// In the order of the stream, as on a device. 16-bit blobs become float32 for it, and back.
class HostKernelOnStream final : public Kernel {
 public:
  HostKernelOnStream(const KernelRequest& request, const CudaContext& context)
      : Kernel(request),
        host_(make_host_backend()->make_kernel(in_float32(request))),
        stream_(context.stream),
        element_(context.options.element),
        bottom_(request.bottoms[0].shape.image_elements()),
        top_(request.top_shapes[0].image_elements()) {}

  std::vector<Layout> top_layouts() const override { return {Layout{1, element_}}; }
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
    if (element_ == ElementType::float32) return host_->run(step, call);
    std::vector<std::vector<float>> floats;
    floats.reserve(call.in.size() + call.out.size());
    std::vector<const void*> in(call.in.begin(), call.in.end());
    std::vector<void*> out(call.out.begin(), call.out.end());
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (const std::int64_t count = call.images * blob_elements(step, i, false))
        in[i] = floats.emplace_back(widened(in[i], count)).data();
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (const std::int64_t count = call.images * blob_elements(step, i, true))
        out[i] = floats.emplace_back(widened(out[i], count)).data();
    }
    KernelCall bound = call;
    bound.in = in;
    bound.out = out;
    host_->run(step, bound);
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::int64_t e = 0; e < call.images * blob_elements(step, i, true); ++e) {
        const auto at = static_cast<std::size_t>(e);
        testing::write_element(call.out[i], at, element_, static_cast<double>(bound.output(i)[at]));
      }
    }
  }

 private:
  static KernelRequest in_float32(KernelRequest request) {
    for (BlobDesc& bottom : request.bottoms) bottom.layout.element = ElementType::float32;
    return request;
  }
  /// Of an image; 0 for operands that are parameters or their gradients.
  std::int64_t blob_elements(Step step, std::size_t operand, bool out) const {
    switch (step) {
      case Step::forward:
        return operand > 0 ? 0 : out ? top_ : bottom_;
      case Step::mask_gradient:
        return top_;
      case Step::backward_data:
        return operand > 0 ? 0 : out ? bottom_ : top_;
      default:
        return out ? 0 : operand == 0 ? bottom_ : top_;
    }
  }
  std::vector<float> widened(const void* blob, std::int64_t count) const {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(testing::read_element(blob, i, element_));
    return values;
  }

  std::unique_ptr<Kernel> host_;
  cudaStream_t stream_;
  ElementType element_;
  std::int64_t bottom_, top_;
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
  return std::make_unique<HostKernelOnStream>(request, context);
}

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request, CudaContext&) {
  throw runtime::UsageError("layer '" + request.spec.name + "': there are no convolutions here");
}

}  // namespace octrain::layers::cuda

namespace octrain::layers::testing {

static_assert(kNoBudget == fake_cuda::kNoBudget);

bool has_libraries() { return false; }
bool can_run_backwards() { return true; }
void watch_budget(std::uint64_t bytes) {
  // Before CUDA 13 nothing is discarded: dead pages lie beside the budget until the driver wants them.
  if (CUDART_VERSION >= 13000) fake_cuda::set_budget(bytes);
}
std::optional<std::size_t> launched_graphs() { return fake_cuda::calls("cudaGraphLaunch"); }
std::string violations_of_device() { return fake_cuda::violations_text(); }

}  // namespace octrain::layers::testing
