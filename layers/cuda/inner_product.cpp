// Inner product by cuBLAS, the weight in chunks of whole output rows, stored as it is: rows of floats. cuBLAS
// counts by columns, so that to it every matrix here is the transposed one, and a chunk's columns of the top
// are rows within a leading dimension: nothing is gathered.
#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "descriptors.h"
#include "elementwise.h"
#include "kernels.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

constexpr int kWeight = 0;
constexpr float kOne = 1, kZero = 0;

/// A matrix as cuBLAS sees it.
struct Matrix {
  const float* data;
  std::int64_t leading;
  cublasOperation_t operation = CUBLAS_OP_N;
};

class InnerProductKernel final : public Kernel {
 public:
  InnerProductKernel(const KernelRequest& request, const CudaContext& context);

  std::vector<Layout> top_layouts() const override { return {Layout{}}; }
  std::vector<ParameterStorage> parameter_storage() const override;
  void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const override;
  void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const override;
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override;
  void run(Step step, const KernelCall& call) const override;

 private:
  std::int64_t first_row(int chunk) const { return chunk * chunk_rows_; }
  std::int64_t rows(int chunk) const { return std::min(chunk_rows_, outputs_ - first_row(chunk)); }
  int chunk_count() const { return static_cast<int>((outputs_ + chunk_rows_ - 1) / chunk_rows_); }

  void multiply(const Matrix& a, const Matrix& b, std::int64_t height, std::int64_t width, std::int64_t depth,
                bool accumulate, float* out, std::int64_t out_leading, std::byte* workspace) const;
  void forward(const KernelCall& call) const;
  void finish_top(const KernelCall& call) const;
  void backward_data(const KernelCall& call) const;
  void backward_parameters(const KernelCall& call) const;

  std::string where_;
  InnerProductParams params_;
  std::int64_t depth_, outputs_;
  std::int64_t chunk_rows_;
  CudaContext context_;
  TensorDescriptor bias_;
  ActivationDescriptor relu_;
};

InnerProductKernel::InnerProductKernel(const KernelRequest& request, const CudaContext& context)
    : Kernel(request),
      where_("layer '" + request.spec.name + "'"),
      params_(std::get<InnerProductParams>(request.spec.params)),
      depth_(request.bottoms[0].shape.image_elements()),
      outputs_(params_.outputs),
      chunk_rows_(std::min(static_cast<std::int64_t>(std::bit_floor(std::max(
                               context.chunk_bytes / request.bottoms[0].image_bytes(), std::uint64_t{1}))),
                           outputs_)),
      context_(context),
      bias_(tensor_descriptor(where_, 1, outputs_, 1, 1)),
      relu_(relu_descriptor(where_)) {
  if (depth_ > std::numeric_limits<int>::max()) {
    throw runtime::UsageError(where_ + ": cuBLAS takes no rows of " + std::to_string(depth_) + " elements");
  }
}

std::vector<ParameterStorage> InnerProductKernel::parameter_storage() const {
  std::vector<ParameterStorage> storage = Kernel::parameter_storage();
  storage[kWeight].chunks.clear();
  for (int chunk = 0; chunk < chunk_count(); ++chunk) {
    const std::int64_t count = rows(chunk) * depth_;
    storage[kWeight].chunks.push_back(
        {first_row(chunk) * depth_, count, static_cast<std::uint64_t>(count) * sizeof(float)});
  }
  return storage;
}

void InnerProductKernel::to_canonical(int parameter, int chunk, const float* stored, float* canonical) const {
  if (parameter != kWeight) return Kernel::to_canonical(parameter, chunk, stored, canonical);
  std::copy_n(stored, rows(chunk) * depth_, canonical);
}

void InnerProductKernel::from_canonical(int parameter, int chunk, const float* canonical,
                                        float* stored) const {
  if (parameter != kWeight) return Kernel::from_canonical(parameter, chunk, canonical, stored);
  std::copy_n(canonical, rows(chunk) * depth_, stored);
}

std::uint64_t InnerProductKernel::workspace_bytes(Step step, std::int64_t, bool) const {
  return step == Step::mask_gradient ? 0 : gemm_workspace_bytes(context_.device);
}

void InnerProductKernel::run(Step step, const KernelCall& call) const {
  switch (step) {
    case Step::forward:
      return forward(call);
    case Step::mask_gradient:
      return mask_gradient(call.in[0], call.out[0], call.images * outputs_, context_.stream);
    case Step::backward_data:
      return backward_data(call);
    default:
      return backward_parameters(call);
  }
}

/// out (height x width) = a (height x depth) * b (depth x width) [+ out]. The op's workspace, always of the
/// same size, keeps cuBLAS from taking one of its own, and so from choosing otherwise.
void InnerProductKernel::multiply(const Matrix& a, const Matrix& b, std::int64_t height, std::int64_t width,
                                  std::int64_t depth, bool accumulate, float* out, std::int64_t out_leading,
                                  std::byte* workspace) const {
  check(cublasSetWorkspace(context_.cublas.get(), workspace, gemm_workspace_bytes(context_.device)), where_,
        "cublasSetWorkspace");
  check(cublasSgemm(context_.cublas.get(), a.operation, b.operation, static_cast<int>(height),
                    static_cast<int>(width), static_cast<int>(depth), &kOne, a.data,
                    static_cast<int>(a.leading), b.data, static_cast<int>(b.leading),
                    accumulate ? &kOne : &kZero, out, static_cast<int>(out_leading)),
        where_, "cublasSgemm");
}

void InnerProductKernel::forward(const KernelCall& call) const {
  multiply({call.in[1], depth_, CUBLAS_OP_T}, {call.in[0], depth_}, rows(call.chunk), call.images, depth_,
           false, call.out[0] + first_row(call.chunk), outputs_, call.workspace);
  if (call.chunk == chunk_count() - 1) finish_top(call);
}

/// Bias and ReLU, once all columns are there.
void InnerProductKernel::finish_top(const KernelCall& call) const {
  if (!params_.bias && !params_.relu) return;
  const TensorDescriptor top = tensor_descriptor(where_, call.images, outputs_, 1, 1);
  if (params_.bias) {
    check(cudnnAddTensor(context_.cudnn.get(), &kOne, bias_.get(), call.in[2], &kOne, top.get(), call.out[0]),
          where_, "cudnnAddTensor");
  }
  if (params_.relu) {
    check(cudnnActivationForward(context_.cudnn.get(), relu_.get(), &kOne, top.get(), call.out[0], &kZero,
                                 top.get(), call.out[0]),
          where_, "cudnnActivationForward");
  }
}

void InnerProductKernel::backward_data(const KernelCall& call) const {
  multiply({call.in[1], depth_}, {call.in[0] + first_row(call.chunk), outputs_}, depth_, call.images,
           rows(call.chunk), call.accumulate, call.out[0], depth_, call.workspace);
}

void InnerProductKernel::backward_parameters(const KernelCall& call) const {
  const float* top_gradient = call.in[1];
  multiply({call.in[0], depth_}, {top_gradient + first_row(call.chunk), outputs_, CUBLAS_OP_T}, depth_,
           rows(call.chunk), call.images, call.accumulate, call.out[0], depth_, call.workspace);
  if (call.chunk > 0 || !params_.bias) return;
  const TensorDescriptor top = tensor_descriptor(where_, call.images, outputs_, 1, 1);
  check(cudnnConvolutionBackwardBias(context_.cudnn.get(), &kOne, top.get(), top_gradient,
                                     call.accumulate ? &kOne : &kZero, bias_.get(), call.out[1]),
        where_, "cudnnConvolutionBackwardBias");
}

}  // namespace

std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<InnerProductKernel>(request, context);
}

}  // namespace octrain::layers::cuda
