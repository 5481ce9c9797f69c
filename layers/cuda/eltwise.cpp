#include "functors/eltwise.h"

#include "device_kernel.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

using Operation = EltwiseParams::Operation;

Combine combine(Operation operation) {
  if (operation == Operation::sum) return Combine::sum;
  return operation == Operation::product ? Combine::product : Combine::maximum;
}

class EltwiseKernel final : public DeviceKernel {
 public:
  EltwiseKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        params_(std::get<EltwiseParams>(request.spec.params)),
        image_floats_(request.bottoms[0].image_floats()),
        bottoms_(request.bottoms.size()) {
    if (bottoms_ > static_cast<std::size_t>(kMostBottoms)) {
      throw runtime::UsageError("layer '" + layer() + "': the CUDA kernel takes at most " +
                                std::to_string(kMostBottoms) + " bottoms, not " + std::to_string(bottoms_));
    }
  }

  void run(Step step, const KernelCall& call) const override {
    const std::int64_t count = call.images * image_floats_;
    if (step == Step::forward) {
      expect_operands(call, bottoms_, 1);
      on_device_.launch(EltwiseForward{bottoms(call.in), call.out[0], params_.relu}, count);
    } else {
      on_device_.launch(gradients(call), count);
    }
  }

 private:
  /// `pointers` may be empty.
  EltwiseBottoms bottoms(std::span<const float* const> pointers) const {
    EltwiseBottoms result{combine(params_.operation), static_cast<int>(bottoms_), {}, {}};
    std::fill_n(result.coefficients, bottoms_, 1.0f);
    std::copy(params_.coefficients.begin(), params_.coefficients.end(), result.coefficients);
    std::copy(pointers.begin(), pointers.end(), result.at);
    return result;
  }

  EltwiseBackward gradients(const KernelCall& call) const {
    const std::size_t first_bottom = params_.relu ? 2 : 1;
    const bool reads_bottoms = params_.operation != Operation::sum;
    expect_operands(call, first_bottom + (reads_bottoms ? bottoms_ : 0), call.out.size());
    EltwiseBackward result{bottoms(call.in.subspan(first_bottom)),
                           call.in[0],
                           params_.relu ? call.in[1] : nullptr,
                           call.chunk,
                           static_cast<int>(call.out.size()),
                           {},
                           call.accumulate};
    std::copy(call.out.begin(), call.out.end(), result.gradients);
    return result;
  }

  EltwiseParams params_;
  std::int64_t image_floats_;
  std::size_t bottoms_;
};

}  // namespace

std::unique_ptr<Kernel> make_eltwise_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<EltwiseKernel>(request, context);
}

}  // namespace octrain::layers::cuda
