// Inner product by cuBLAS, the weight in chunks of whole output rows, stored as it is: rows of floats. cuBLAS
// counts by columns, so that to it every matrix here is the transposed one, and a chunk's columns of the top
// are rows within a leading dimension: nothing is gathered. Where blobs are stored in 16 bits, so is the copy
// of the weight that a product takes, and what it adds to the weight's gradient is float32.
#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "descriptors.h"
#include "kernels.h"
#include "mixed.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

constexpr int kWeight = 0;
constexpr float kOne = 1, kZero = 0;

/// A matrix of the layer's elements, as cuBLAS sees it.
struct Matrix {
  const void* data;
  std::int64_t leading;
  cublasOperation_t operation = CUBLAS_OP_N;
};

/// Where a product goes.
struct Product {
  ElementType type;
  void* data;
  std::int64_t leading;
  bool accumulate;
};

cudaDataType_t cuda_type(ElementType element) {
  return element == ElementType::float32   ? CUDA_R_32F
         : element == ElementType::float16 ? CUDA_R_16F
                                           : CUDA_R_16BF;
}

class InnerProductKernel final : public Kernel {
 public:
  InnerProductKernel(const KernelRequest& request, const CudaContext& context);

  std::vector<Layout> top_layouts() const override { return {Layout{1, element_}}; }
  std::vector<ParameterStorage> parameter_storage() const override;
  void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const override;
  void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const override;
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override;
  void run(Step step, const KernelCall& call) const override;

 private:
  std::int64_t first_row(int chunk) const { return chunk * chunk_rows_; }
  std::int64_t rows(int chunk) const { return std::min(chunk_rows_, outputs_ - first_row(chunk)); }
  int chunk_count() const { return static_cast<int>((outputs_ + chunk_rows_ - 1) / chunk_rows_); }

  /// `column` elements into each row.
  const void* blob(const void* data, std::int64_t column) const {
    return static_cast<const std::byte*>(data) + column * static_cast<std::int64_t>(size_of(element_));
  }
  void* blob(void* data, std::int64_t column) const {
    return static_cast<std::byte*>(data) + column * static_cast<std::int64_t>(size_of(element_));
  }
  std::uint64_t narrow_bytes() const;
  const void* narrow_weight(const KernelCall& call) const;
  void multiply(const Matrix& a, const Matrix& b, std::int64_t height, std::int64_t width, std::int64_t depth,
                const Product& out, std::byte* workspace) const;
  void forward(const KernelCall& call) const;
  void finish_top(const KernelCall& call) const;
  void backward_data(const KernelCall& call) const;
  void backward_parameters(const KernelCall& call) const;

  std::string where_;
  InnerProductParams params_;
  ElementType element_;
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
      element_(context.options.element),
      depth_(request.bottoms[0].shape.image_elements()),
      outputs_(params_.outputs),
      chunk_rows_(std::min(
          static_cast<std::int64_t>(std::bit_floor(std::max(
              context.chunk_bytes / (static_cast<std::uint64_t>(depth_) * sizeof(float)), std::uint64_t{1}))),
          outputs_)),
      context_(context),
      bias_(tensor_descriptor(where_, ElementType::float32, 1, outputs_, 1, 1)),
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

/// cuBLAS's, and behind it what is only of 16-bit elements: the copy of a chunk of the weight, or the parts
/// of the bias's gradient.
std::uint64_t InnerProductKernel::workspace_bytes(Step step, std::int64_t images, bool) const {
  if (step == Step::mask_gradient) return 0;
  const std::uint64_t gemm = gemm_workspace_bytes(context_.device);
  if (element_ == ElementType::float32) return gemm;
  if (step != Step::backward_parameters) return gemm + narrow_bytes();
  return gemm + (params_.bias ? bias_gradient_bytes({images, outputs_, 1}) : 0);
}

std::uint64_t InnerProductKernel::narrow_bytes() const {
  return static_cast<std::uint64_t>(rows(0) * depth_) * size_of(element_);
}

const void* InnerProductKernel::narrow_weight(const KernelCall& call) const {
  if (element_ == ElementType::float32) return call.in[1];
  void* copy = call.workspace + gemm_workspace_bytes(context_.device);
  narrow(call.input(1), {element_, copy}, rows(call.chunk) * depth_, context_.stream);
  return copy;
}

void InnerProductKernel::run(Step step, const KernelCall& call) const {
  switch (step) {
    case Step::forward:
      return forward(call);
    case Step::mask_gradient:
      return mask_gradient(call.in[0], {element_, call.out[0]}, call.images * outputs_, context_.stream);
    case Step::backward_data:
      return backward_data(call);
    default:
      return backward_parameters(call);
  }
}

/// out (height x width) = a (height x depth) * b (depth x width) [+ out]. The op's workspace, always of the
/// same size, keeps cuBLAS from taking one of its own, and so from choosing otherwise.
void InnerProductKernel::multiply(const Matrix& a, const Matrix& b, std::int64_t height, std::int64_t width,
                                  std::int64_t depth, const Product& out, std::byte* workspace) const {
  check(cublasSetWorkspace(context_.cublas.get(), workspace, gemm_workspace_bytes(context_.device)), where_,
        "cublasSetWorkspace");
  const float* prior = out.accumulate ? &kOne : &kZero;
  const int m = static_cast<int>(height), n = static_cast<int>(width), k = static_cast<int>(depth);
  const int lda = static_cast<int>(a.leading), ldb = static_cast<int>(b.leading),
            ldc = static_cast<int>(out.leading);
  if (element_ == ElementType::float32) {
    check(cublasSgemm(context_.cublas.get(), a.operation, b.operation, m, n, k, &kOne,
                      static_cast<const float*>(a.data), lda, static_cast<const float*>(b.data), ldb, prior,
                      static_cast<float*>(out.data), ldc),
          where_, "cublasSgemm");
    return;
  }
  // Of its types with CUBLAS_COMPUTE_32F: 16-bit factors, and a product of the same type or float32.
  const cudaDataType_t factors = cuda_type(element_);
  check(cublasGemmEx(context_.cublas.get(), a.operation, b.operation, m, n, k, &kOne, a.data, factors, lda,
                     b.data, factors, ldb, prior, out.data, cuda_type(out.type), ldc, CUBLAS_COMPUTE_32F,
                     CUBLAS_GEMM_DEFAULT),
        where_, "cublasGemmEx");
}

void InnerProductKernel::forward(const KernelCall& call) const {
  multiply({narrow_weight(call), depth_, CUBLAS_OP_T}, {call.in[0], depth_}, rows(call.chunk), call.images,
           depth_, {element_, blob(call.out[0], first_row(call.chunk)), outputs_, false}, call.workspace);
  if (call.chunk == chunk_count() - 1) finish_top(call);
}

/// Bias and ReLU, once all columns are there.
void InnerProductKernel::finish_top(const KernelCall& call) const {
  if (!params_.bias && !params_.relu) return;
  if (element_ != ElementType::float32) {
    return add_bias(params_.bias ? call.input(2) : nullptr, params_.relu, {element_, call.out[0]},
                    {call.images, outputs_, 1}, context_.stream);
  }
  const TensorDescriptor top = tensor_descriptor(where_, element_, call.images, outputs_, 1, 1);
  if (params_.bias) {
    check(cudnnAddTensor(context_.cudnn.get(), &kOne, bias_.get(), call.input(2), &kOne, top.get(),
                         call.output(0)),
          where_, "cudnnAddTensor");
  }
  if (params_.relu) {
    check(cudnnActivationForward(context_.cudnn.get(), relu_.get(), &kOne, top.get(), call.output(0), &kZero,
                                 top.get(), call.output(0)),
          where_, "cudnnActivationForward");
  }
}

void InnerProductKernel::backward_data(const KernelCall& call) const {
  multiply({narrow_weight(call), depth_}, {blob(call.in[0], first_row(call.chunk)), outputs_}, depth_,
           call.images, rows(call.chunk), {element_, call.out[0], depth_, call.accumulate}, call.workspace);
}

void InnerProductKernel::backward_parameters(const KernelCall& call) const {
  multiply({call.in[0], depth_}, {blob(call.in[1], first_row(call.chunk)), outputs_, CUBLAS_OP_T}, depth_,
           rows(call.chunk), call.images, {ElementType::float32, call.out[0], depth_, call.accumulate},
           call.workspace);
  if (call.chunk > 0 || !params_.bias) return;
  if (element_ != ElementType::float32) {
    return sum_bias_gradient(call.in[1], element_, {call.images, outputs_, 1}, call.output(1),
                             call.accumulate, call.workspace + gemm_workspace_bytes(context_.device),
                             context_.stream);
  }
  const TensorDescriptor top = tensor_descriptor(where_, element_, call.images, outputs_, 1, 1);
  check(cudnnConvolutionBackwardBias(context_.cudnn.get(), &kOne, top.get(), call.in[1],
                                     call.accumulate ? &kOne : &kZero, bias_.get(), call.output(1)),
        where_, "cudnnConvolutionBackwardBias");
}

}  // namespace

std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<InnerProductKernel>(request, context);
}

}  // namespace octrain::layers::cuda
