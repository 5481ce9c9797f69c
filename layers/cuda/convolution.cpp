// Convolution by cuDNN's algorithms, each op's chosen once (convolution_algorithms.h). Sums are added by
// cuDNN's beta: by its headers every convolution is "alpha * Op(inputs) + beta * output". Where blobs are
// stored in 16 bits, cuDNN computes in float32 and takes tensors of that one type only (its
// PSEUDO_HALF_CONFIG and PSEUDO_BFLOAT16_CONFIG): it is given a copy of the weight, and makes a copy of the
// weight's gradient.
#include <map>
#include <string>
#include <utility>

#include "convolution_algorithms.h"
#include "kernels.h"
#include "mixed.h"
#include "octrain/runtime/units.h"

namespace octrain::layers::cuda {

namespace {

constexpr float kOne = 1, kZero = 0;

/// A step on some number of images.
struct ConvolutionOp {
  ConvolutionDescriptors descriptors;
  ConvolutionAlgorithm algorithm;
  mutable bool fuses = true;  ///< forward: bias and ReLU in one call, as far as is known
};

/// Where copies of parameters lie in the workspace of an op on 16-bit blobs; `bytes` into it begins what the
/// algorithm has.
struct HalvedParameters {
  std::uint64_t bias = 0, bytes = 0;
};

class ConvolutionKernel final : public Kernel {
 public:
  ConvolutionKernel(const KernelRequest& request, const CudaContext& context);

  std::vector<Layout> top_layouts() const override { return {Layout{1, element_}}; }
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override;
  void run(Step step, const KernelCall& call) const override;

 private:
  ConvolutionShape shape(Step step, std::int64_t images) const;
  ConvolutionDescriptors descriptors(std::int64_t images) const;
  const ConvolutionOp& op(Step step, std::int64_t images) const;

  void forward(const KernelCall& call) const;
  cudnnStatus_t fused_forward(const ConvolutionOp& op, const KernelCall& call, const void* weight) const;
  void finish_top(cudnnTensorDescriptor_t top, const KernelCall& call) const;
  void backward_data(const KernelCall& call) const;
  void backward_parameters(const KernelCall& call) const;
  void finish_parameters(const KernelCall& call) const;
  void check_call(cudnnStatus_t status, std::string_view call) const { check(status, where_, call); }

  bool halved() const { return element_ != ElementType::float32; }
  std::int64_t weight_count() const {
    return params_.outputs * (bottom_.c / params_.groups) * params_.kernel_h * params_.kernel_w;
  }
  ChannelShape top_channels(std::int64_t images) const { return {images, top_.c, top_.h * top_.w}; }
  HalvedParameters halved_parameters(Step step, std::int64_t images) const;
  const void* weight(const KernelCall& call) const;
  const void* bias(const KernelCall& call) const;
  std::byte* algorithm_workspace(Step step, const KernelCall& call) const {
    return call.workspace + halved_parameters(step, call.images).bytes;
  }

  std::string where_;
  ElementType element_;
  ConvolutionParams params_;
  Shape bottom_, top_;
  CudaContext context_;
  TensorDescriptor bias_;
  ActivationDescriptor relu_;
  mutable std::map<std::pair<Step, std::int64_t>, ConvolutionOp> ops_;
};

ConvolutionKernel::ConvolutionKernel(const KernelRequest& request, const CudaContext& context)
    : Kernel(request),
      where_("layer '" + request.spec.name + "'"),
      element_(context.options.element),
      params_(std::get<ConvolutionParams>(request.spec.params)),
      bottom_(request.bottoms[0].shape),
      top_(request.top_shapes[0]),
      context_(context),
      bias_(tensor_descriptor(where_, element_, 1, params_.outputs, 1, 1)),
      relu_(relu_descriptor(where_)) {}

ConvolutionShape ConvolutionKernel::shape(Step step, std::int64_t images) const {
  const ConvolutionParams& p = params_;
  const char* name = step == Step::forward         ? "forward"
                     : step == Step::backward_data ? "backward_data"
                                                   : "backward_parameters";
  return {name,       images,     bottom_.c, bottom_.h, bottom_.w,    p.outputs,    p.kernel_h, p.kernel_w,
          p.stride_h, p.stride_w, p.pad_h,   p.pad_w,   p.dilation_h, p.dilation_w, p.groups};
}

ConvolutionDescriptors ConvolutionKernel::descriptors(std::int64_t images) const {
  const ConvolutionParams& p = params_;
  ConvolutionDescriptors made{tensor_descriptor(where_, element_, images, bottom_.c, bottom_.h, bottom_.w),
                              tensor_descriptor(where_, element_, images, top_.c, top_.h, top_.w),
                              make_descriptor<cudnnFilterDescriptor_t>(where_),
                              make_descriptor<cudnnConvolutionDescriptor_t>(where_)};
  check_call(cudnnSetFilter4dDescriptor(made.weight.get(), data_type(element_), CUDNN_TENSOR_NCHW, p.outputs,
                                        static_cast<int>(bottom_.c) / p.groups, p.kernel_h, p.kernel_w),
             "cudnnSetFilter4dDescriptor");
  check_call(
      cudnnSetConvolution2dDescriptor(made.convolution.get(), p.pad_h, p.pad_w, p.stride_h, p.stride_w,
                                      p.dilation_h, p.dilation_w, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
      "cudnnSetConvolution2dDescriptor");
  check_call(cudnnSetConvolutionGroupCount(made.convolution.get(), p.groups),
             "cudnnSetConvolutionGroupCount");
  return made;
}

/// Made when first asked for: lowering asks for the workspace of few different numbers of images.
const ConvolutionOp& ConvolutionKernel::op(Step step, std::int64_t images) const {
  const std::pair key{step, images};
  if (const auto found = ops_.find(key); found != ops_.end()) return found->second;
  ConvolutionOp made{descriptors(images), {}, true};
  made.algorithm = choose_algorithm(where_, step, shape(step, images), made.descriptors, context_);
  return ops_.emplace(key, std::move(made)).first->second;
}

std::uint64_t ConvolutionKernel::workspace_bytes(Step step, std::int64_t images, bool) const {
  if (step == Step::mask_gradient) return 0;
  return halved_parameters(step, images).bytes + op(step, images).algorithm.workspace_bytes;
}

/// The weight or its gradient, then the bias or the parts of its gradient.
HalvedParameters ConvolutionKernel::halved_parameters(Step step, std::int64_t images) const {
  if (!halved()) return {};
  constexpr std::uint64_t kAlignment = 256;
  const auto bytes = [&](std::int64_t count) {
    return runtime::round_up(static_cast<std::uint64_t>(count) * size_of(element_), kAlignment);
  };
  HalvedParameters parts{bytes(weight_count()), bytes(weight_count())};
  if (!params_.bias || step == Step::backward_data) return parts;
  parts.bytes += step == Step::forward
                     ? bytes(params_.outputs)
                     : runtime::round_up(bias_gradient_bytes(top_channels(images)), kAlignment);
  return parts;
}

/// As cuDNN takes it.
const void* ConvolutionKernel::weight(const KernelCall& call) const {
  if (!halved()) return call.in[1];
  narrow(call.input(1), {element_, call.workspace}, weight_count(), context_.stream);
  return call.workspace;
}

const void* ConvolutionKernel::bias(const KernelCall& call) const {
  if (!halved()) return call.in[2];
  void* copy = call.workspace + halved_parameters(Step::forward, call.images).bias;
  narrow(call.input(2), {element_, copy}, params_.outputs, context_.stream);
  return copy;
}

void ConvolutionKernel::run(Step step, const KernelCall& call) const {
  switch (step) {
    case Step::forward:
      return forward(call);
    case Step::mask_gradient:
      return mask_gradient(call.in[0], {element_, call.out[0]}, call.images * top_.image_elements(),
                           context_.stream);
    case Step::backward_data:
      return backward_data(call);
    default:
      return backward_parameters(call);
  }
}

/// max(convolution + bias, 0) in one pass over the top.
cudnnStatus_t ConvolutionKernel::fused_forward(const ConvolutionOp& op, const KernelCall& call,
                                               const void* weight) const {
  const ConvolutionDescriptors& d = op.descriptors;
  return cudnnConvolutionBiasActivationForward(
      context_.cudnn.get(), &kOne, d.bottom.get(), call.in[0], d.weight.get(), weight, d.convolution.get(),
      static_cast<cudnnConvolutionFwdAlgo_t>(op.algorithm.number), algorithm_workspace(Step::forward, call),
      op.algorithm.workspace_bytes, &kZero, d.top.get(), call.out[0], bias_.get(), bias(call), relu_.get(),
      d.top.get(), call.out[0]);
}

void ConvolutionKernel::forward(const KernelCall& call) const {
  const ConvolutionOp& op = this->op(Step::forward, call.images);
  const void* weight = this->weight(call);
  if (op.fuses && params_.bias && params_.relu) {
    // Whether cuDNN has it depends on card, version, shape and algorithm alone: every run finds the same.
    const cudnnStatus_t status = fused_forward(op, call, weight);
    op.fuses = !is_not_supported(status) && !is_bad_parameter(status);
    if (op.fuses) return check_call(status, "cudnnConvolutionBiasActivationForward");
    forget_runtime_error();
  }
  const ConvolutionDescriptors& d = op.descriptors;
  check_call(cudnnConvolutionForward(context_.cudnn.get(), &kOne, d.bottom.get(), call.in[0], d.weight.get(),
                                     weight, d.convolution.get(),
                                     static_cast<cudnnConvolutionFwdAlgo_t>(op.algorithm.number),
                                     algorithm_workspace(Step::forward, call), op.algorithm.workspace_bytes,
                                     &kZero, d.top.get(), call.out[0]),
             "cudnnConvolutionForward");
  finish_top(d.top.get(), call);
}

/// Bias and ReLU of a forward that could not be fused.
void ConvolutionKernel::finish_top(cudnnTensorDescriptor_t top, const KernelCall& call) const {
  if (halved() && (params_.bias || params_.relu)) {
    return add_bias(params_.bias ? call.input(2) : nullptr, params_.relu, {element_, call.out[0]},
                    top_channels(call.images), context_.stream);
  }
  if (params_.bias) {
    check_call(cudnnAddTensor(context_.cudnn.get(), &kOne, bias_.get(), call.in[2], &kOne, top, call.out[0]),
               "cudnnAddTensor");
  }
  if (params_.relu) {
    check_call(cudnnActivationForward(context_.cudnn.get(), relu_.get(), &kOne, top, call.out[0], &kZero, top,
                                      call.out[0]),
               "cudnnActivationForward");
  }
}

void ConvolutionKernel::backward_data(const KernelCall& call) const {
  const ConvolutionOp& op = this->op(Step::backward_data, call.images);
  const ConvolutionDescriptors& d = op.descriptors;
  check_call(cudnnConvolutionBackwardData(
                 context_.cudnn.get(), &kOne, d.weight.get(), weight(call), d.top.get(), call.in[0],
                 d.convolution.get(), static_cast<cudnnConvolutionBwdDataAlgo_t>(op.algorithm.number),
                 algorithm_workspace(Step::backward_data, call), op.algorithm.workspace_bytes,
                 call.accumulate ? &kOne : &kZero, d.bottom.get(), call.out[0]),
             "cudnnConvolutionBackwardData");
}

void ConvolutionKernel::backward_parameters(const KernelCall& call) const {
  const ConvolutionOp& op = this->op(Step::backward_parameters, call.images);
  const ConvolutionDescriptors& d = op.descriptors;
  const float* prior = call.accumulate ? &kOne : &kZero;
  check_call(cudnnConvolutionBackwardFilter(
                 context_.cudnn.get(), &kOne, d.bottom.get(), call.in[0], d.top.get(), call.in[1],
                 d.convolution.get(), static_cast<cudnnConvolutionBwdFilterAlgo_t>(op.algorithm.number),
                 algorithm_workspace(Step::backward_parameters, call), op.algorithm.workspace_bytes,
                 halved() ? &kZero : prior, d.weight.get(), halved() ? call.workspace : call.out[0]),
             "cudnnConvolutionBackwardFilter");
  if (halved()) return finish_parameters(call);
  if (!params_.bias) return;
  check_call(cudnnConvolutionBackwardBias(context_.cudnn.get(), &kOne, d.top.get(), call.in[1], prior,
                                          bias_.get(), call.out[1]),
             "cudnnConvolutionBackwardBias");
}

/// From the 16-bit gradient of the weight to the float32 one; the bias's.
void ConvolutionKernel::finish_parameters(const KernelCall& call) const {
  widen(call.workspace, element_, call.output(0), call.accumulate, weight_count(), context_.stream);
  if (!params_.bias) return;
  std::byte* parts = call.workspace + halved_parameters(Step::backward_parameters, call.images).bias;
  sum_bias_gradient(call.in[1], element_, top_channels(call.images), call.output(1), call.accumulate, parts,
                    context_.stream);
}

}  // namespace

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<ConvolutionKernel>(request, context);
}

}  // namespace octrain::layers::cuda
