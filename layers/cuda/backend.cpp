#include "octrain/layers/cuda/backend.h"

#include "kernels.h"

namespace octrain::layers::cuda {

namespace {

// The explicit table: one line a layer type.
struct MakeKernel {
  const KernelRequest& request;
  CudaContext& context;
  std::unique_ptr<Kernel> operator()(const DataParams&) const { return make_data_kernel(request, context); }
  std::unique_ptr<Kernel> operator()(const ConvolutionParams&) const {
    return make_convolution_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const InnerProductParams&) const {
    return make_inner_product_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const PoolingParams&) const {
    return make_pooling_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const ReluParams&) const { return make_relu_kernel(request, context); }
  std::unique_ptr<Kernel> operator()(const LrnParams&) const { return make_lrn_kernel(request, context); }
  std::unique_ptr<Kernel> operator()(const BatchNormParams&) const {
    return make_batch_norm_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const ScaleParams&) const { return make_scale_kernel(request, context); }
  std::unique_ptr<Kernel> operator()(const DropoutParams&) const {
    return make_dropout_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const ConcatParams&) const {
    return make_concat_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const EltwiseParams&) const {
    return make_eltwise_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const SoftmaxLossParams&) const {
    return make_softmax_loss_kernel(request, context);
  }
  std::unique_ptr<Kernel> operator()(const AccuracyParams&) const {
    return make_accuracy_kernel(request, context);
  }
};

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(const CudaBackendOptions& options) : context_(options) {}

  std::string_view name() const override { return "cuda"; }
  std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) override {
    return std::visit(MakeKernel{request, context_}, request.spec.params);
  }
  std::unique_ptr<UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return make_update_kernel(solver, context_);
  }
  std::uint64_t slab_bytes() const override { return kSlabBytes; }
  double flops_per_s() const override {
    return sustained_flops_per_s(context_.device, context_.options.tf32);
  }
  double memory_bytes_per_s() const override { return sustained_memory_bytes_per_s(context_.device); }

 private:
  CudaContext context_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const CudaBackendOptions& options) {
  return std::make_unique<CudaBackend>(options);
}

}  // namespace octrain::layers::cuda
