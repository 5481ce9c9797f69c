// layers/src/scale.cpp lists the steps and their operands.
#include "functors/scale.h"

#include "device_kernel.h"
#include "for_element.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class ScaleKernel final : public DeviceKernel {
 public:
  ScaleKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        params_(std::get<ScaleParams>(request.spec.params)),
        channels_(request.bottoms[0].shape.c),
        pixels_(request.bottoms[0].shape.h * request.bottoms[0].shape.w) {}

  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool) const override {
    if (step != Step::backward_parameters) return 0;
    return static_cast<std::uint64_t>(ChannelParts(images, channels_, pixels_).workspace_bytes());
  }

  void run(Step step, const KernelCall& call) const override {
    const std::size_t parameters = params_.bias ? 2 : 1;
    if (step == Step::forward) {
      expect_operands(call, 1 + parameters, 1);
      on_device_.launch(ScaleForward<T>{scale(call, 1), channel_of_, call.input<T>(0), call.output<T>(0)},
                        elements(call));
    } else if (step == Step::backward_parameters) {
      expect_operands(call, 2 + parameters, parameters);
      backward_parameters(call);
    } else {
      expect_operands(call, 2 + parameters, 1);
      on_device_.launch(ScaleBackward<T>{scale(call, 2), channel_of_, call.input<T>(0), call.input<T>(1),
                                         call.output<T>(0), call.accumulate},
                        elements(call));
    }
  }

 private:
  std::int64_t elements(const KernelCall& call) const { return call.images * channels_ * pixels_; }
  /// Gamma and beta from operand `at` on.
  ScaleOf scale(const KernelCall& call, std::size_t at) const {
    return {call.input(at), params_.bias ? call.input(at + 1) : nullptr, params_.relu};
  }

  void backward_parameters(const KernelCall& call) const {
    const ChannelParts parts(call.images, channels_, pixels_);
    auto* partial = reinterpret_cast<SumPair*>(call.workspace);
    on_device_.reduce(
        ChannelSums<ScaleTerms<T>>{{scale(call, 2), call.input<T>(0), call.input<T>(1)}, parts, partial},
        parts.blocks());
    on_device_.launch(ScaleParameters{parts, partial, call.output(0), params_.bias ? call.output(1) : nullptr,
                                      call.accumulate},
                      channels_);
  }

  ScaleParams params_;
  std::int64_t channels_, pixels_;
  ChannelOf channel_of_{channels_, pixels_};
};

}  // namespace

std::unique_ptr<Kernel> make_scale_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<ScaleKernel>(request, context);
}

}  // namespace octrain::layers::cuda
