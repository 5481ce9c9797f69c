#include "octrain/layers/host/backend.h"

#include "kernels.h"
#include "octrain/runtime/units.h"
#include "onednn.h"
#include "parallel.h"

namespace octrain::layers {

namespace {

constexpr std::uint64_t kSlabBytes = 32 * runtime::kMiB;

// For time estimates: a modest share of what cores of the last ten years sustain in convolutions, and of a
// memory bus.
constexpr double kAvx512FlopsPerCore = 100e9, kAvx2FlopsPerCore = 50e9;
constexpr double kMemoryBytesPerSecond = 40e9;

// The explicit table: one line a layer type.
struct MakeKernel {
  const KernelRequest& request;
  std::unique_ptr<Kernel> operator()(const DataParams&) const { return host::make_data_kernel(request); }
  std::unique_ptr<Kernel> operator()(const ConvolutionParams&) const {
    return host::make_convolution_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const InnerProductParams&) const {
    return host::make_inner_product_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const PoolingParams&) const {
    return host::make_pooling_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const ReluParams&) const { return host::make_relu_kernel(request); }
  std::unique_ptr<Kernel> operator()(const LrnParams&) const { return host::make_lrn_kernel(request); }
  std::unique_ptr<Kernel> operator()(const BatchNormParams&) const {
    return host::make_batch_norm_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const ScaleParams&) const { return host::make_scale_kernel(request); }
  std::unique_ptr<Kernel> operator()(const DropoutParams&) const {
    return host::make_dropout_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const ConcatParams&) const { return host::make_concat_kernel(request); }
  std::unique_ptr<Kernel> operator()(const EltwiseParams&) const {
    return host::make_eltwise_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const SoftmaxLossParams&) const {
    return host::make_softmax_loss_kernel(request);
  }
  std::unique_ptr<Kernel> operator()(const AccuracyParams&) const {
    return host::make_accuracy_kernel(request);
  }
};

class HostBackend final : public Backend {
 public:
  explicit HostBackend(int threads) { host::set_thread_count(threads); }

  std::string_view name() const override { return "host"; }
  std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) override {
    return host::translate_errors(request.spec.name,
                                  [&] { return std::visit(MakeKernel{request}, request.spec.params); });
  }
  std::unique_ptr<UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return host::make_update_kernel(solver);
  }
  std::uint64_t slab_bytes() const override { return kSlabBytes; }
  double flops_per_s() const override {
    return host::thread_count() * (host::has_avx512() ? kAvx512FlopsPerCore : kAvx2FlopsPerCore);
  }
  double memory_bytes_per_s() const override { return kMemoryBytesPerSecond; }
};

}  // namespace

std::unique_ptr<Backend> make_host_backend(int threads) { return std::make_unique<HostBackend>(threads); }

}  // namespace octrain::layers
